//! Kafka: the cluster keeps what was written, and the server reads it from where it had come to.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{Listening, Promise, Protocol};
use crate::support::ports::free_address;

/// librdkafka's mock cluster with a producer, in a process that ends with the value.
pub(crate) struct Kafka {
    port: u16,
    child: Child,
    write: Option<ChildStdin>,
    read: BufReader<ChildStdout>,
}

impl Kafka {
    /// None where Python (`GASTROLOG_PYTHON`, or `python3`) has no librdkafka, which is said.
    pub(crate) fn start() -> Option<Kafka> {
        let python = std::env::var("GASTROLOG_PYTHON").unwrap_or_else(|_| "python3".into());
        let probe = Command::new(&python).args(["-c", "import confluent_kafka"]).output();
        if !probe.is_ok_and(|out| out.status.success()) {
            assert!(std::env::var_os("GASTROLOG_REQUIRE_CLIENTS").is_none(), "there is no confluent_kafka");
            eprintln!("nothing is sent by Kafka: {python} has no confluent_kafka");
            return None;
        }
        let port = free_address().port();
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut command = Command::new(python);
        command.arg("-B").arg(tests.join("kill/kafka.py")).arg(port.to_string()).arg(tests.join("clients"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (write, read) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut kafka = Kafka { port, child, write, read };
        kafka.wait().unwrap();
        Some(kafka)
    }

    fn wait(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.read.read_line(&mut line)?;
        if line == "ok\n" { Ok(()) } else { Err(io::Error::other("the cluster has ended")) }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        drop(self.write.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Protocol for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn promise(&self) -> Promise {
        Promise::Eventually
    }

    fn config(&self) -> String {
        format!(
            "[[receivers]]\nkind = \"kafka\"\nbrokers = [\"127.0.0.1:{}\"]\ntopics = [\"kill\"]\n",
            self.port
        )
    }

    fn open(&mut self, _: &Listening) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let mut text = lines.join(&b'\n');
        text.extend_from_slice(b"\n\n");
        self.write.as_mut().ok_or(io::ErrorKind::NotConnected)?.write_all(&text)?;
        self.wait()
    }
}
