//! Sends syslog datagrams at an even rate: `udp_sender ADDRESS PER_SECOND SECONDS [SENDERS]`. Each carries its number, so that
//! what is missing in the store can be told.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Datagrams go out in bursts this far apart.
const TICK: Duration = Duration::from_millis(1);

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [address, rate, seconds, rest @ ..] = args.as_slice() else {
        bail!("udp_sender ADDRESS PER_SECOND SECONDS [SENDERS]")
    };
    let address: SocketAddr = address.parse().context("ADDRESS")?;
    let rate: f64 = rate.parse().context("PER_SECOND")?;
    let seconds: f64 = seconds.parse().context("SECONDS")?;
    let senders: u64 = rest.first().map_or(Ok(1), |s| s.parse()).context("SENDERS")?;
    let begun = Instant::now();
    let threads: Vec<_> = (0..senders)
        .map(|sender| std::thread::spawn(move || send(address, rate / senders as f64, seconds, sender)))
        .collect();
    let mut sent = 0;
    for thread in threads {
        sent += thread.join().map_err(|_| anyhow::anyhow!("a sender panicked"))??;
    }
    let took = begun.elapsed().as_secs_f64();
    println!("sent {sent} datagrams in {took:.2} s, {:.0} a second", sent as f64 / took);
    Ok(())
}

/// Gives how many were sent.
fn send(address: SocketAddr, rate: f64, seconds: f64, sender: u64) -> anyhow::Result<u64> {
    let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
    socket.connect(address)?;
    let total = (rate * seconds) as u64;
    let (begun, mut sent) = (Instant::now(), 0);
    while sent < total {
        let due = ((begun.elapsed().as_secs_f64() * rate) as u64).min(total);
        for number in sent..due {
            let text = format!(
                "<134>Nov 21 10:00:00 host{sender} app[{}]: request {number} took {} ms, status {}",
                number % 32768,
                number * 7919 % 1000,
                200 + number % 5 * 100,
            );
            socket.send(text.as_bytes())?;
        }
        sent = due;
        std::thread::sleep(TICK);
    }
    Ok(sent)
}
