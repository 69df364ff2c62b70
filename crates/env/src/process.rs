//! What this process takes of the machine, and what the system did to its datagrams: read from `/proc`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Ticks of `/proc/self/stat` a second: part of the kernel's interface, whatever it counts with inside.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUsage {
    /// Seconds of processor time, its own and the system's for it.
    pub cpu_seconds: f64,
    /// Bytes of memory that are in use now.
    pub resident_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// The most it may open.
    pub open_files_max: u64,
}

impl ProcessUsage {
    /// Of this process; `None` where the system has no `/proc`.
    pub fn now() -> Option<ProcessUsage> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        Some(ProcessUsage {
            cpu_seconds: cpu_seconds(&stat)?,
            resident_bytes: of_status(&status, "VmRSS:")? * 1024,
            threads: of_status(&status, "Threads:")?,
            open_files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
            open_files_max: limit.unwrap_or(u64::MAX),
        })
    }
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The name of the program may have spaces and parentheses in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(ticks as f64 / TICKS_PER_SECOND)
}

fn of_status(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// A UDP socket as the system sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpSocketState {
    /// Where it is bound.
    pub address: SocketAddr,
    /// Bytes that wait in its buffer.
    pub queued_bytes: u64,
    /// Datagrams that the system threw away because the buffer was full.
    pub drops: u64,
}

/// The UDP sockets of this machine (of this network namespace); empty where the system does not tell.
pub fn udp_sockets() -> Vec<UdpSocketState> {
    let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"];
    let text = tables.into_iter().filter_map(|path| fs::read_to_string(path).ok());
    text.flat_map(|text| text.lines().filter_map(udp_socket).collect::<Vec<_>>()).collect()
}

/// A line: `sl local_address rem_address st tx_queue:rx_queue … drops`.
fn udp_socket(line: &str) -> Option<UdpSocketState> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (ip, port) = fields.get(1)?.split_once(':')?;
    let (_, queued) = fields.get(4)?.split_once(':')?;
    let address = SocketAddr::new(ip_of(ip)?, u16::from_str_radix(port, 16).ok()?);
    let queued_bytes = u64::from_str_radix(queued, 16).ok()?;
    Some(UdpSocketState { address, queued_bytes, drops: fields.get(12)?.parse().ok()? })
}

/// The kernel prints 32-bit words as the machine holds them.
fn ip_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let digits = hex.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn this_process_takes_something() {
        let usage = ProcessUsage::now().unwrap();
        assert!(usage.resident_bytes > 1 << 20 && usage.threads >= 1, "{usage:?}");
        assert!(usage.open_files >= 3 && usage.open_files <= usage.open_files_max, "{usage:?}");
        assert_eq!(cpu_seconds("7 (a ) b) S 1 1 1 0 -1 4 1 1 1 1 250 50 0 0"), Some(3.0));
    }

    #[test]
    fn what_a_socket_lost_is_seen() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(local) else { continue };
            let address = socket.local_addr().unwrap();
            let sender = UdpSocket::bind(local).unwrap();
            // Nobody reads: the buffer fills up, and the rest is lost.
            (0..20_000).for_each(|_| drop(sender.send_to(&[7; 1000], address)));
            let state = udp_sockets().into_iter().find(|s| s.address == address).unwrap();
            assert!(state.drops > 0 && state.queued_bytes > 0, "{state:?}");
        }
    }
}
