//! OTLP over gRPC, by the client that its project generates.

use std::borrow::Cow;
use std::io;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use tokio::runtime::{Builder, Runtime};
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;

use super::{Listening, Protocol, wrap};

/// A connection that is kept.
pub(crate) struct Grpc {
    runtime: Runtime,
    client: Option<LogsServiceClient<Channel>>,
}

impl Grpc {
    pub(crate) fn new() -> Grpc {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Grpc { runtime, client: None }
    }
}

fn request(lines: &[Vec<u8>]) -> ExportLogsServiceRequest {
    let record = |line: &Vec<u8>| {
        let value = Value::StringValue(String::from_utf8_lossy(line).into_owned());
        LogRecord { body: Some(AnyValue { value: Some(value) }), ..Default::default() }
    };
    let scope = ScopeLogs { log_records: lines.iter().map(record).collect(), ..Default::default() };
    let resource = ResourceLogs { scope_logs: vec![scope], ..Default::default() };
    ExportLogsServiceRequest { resource_logs: vec![resource] }
}

impl Protocol for Grpc {
    fn name(&self) -> &'static str {
        "otlp-grpc"
    }

    fn open(&mut self, server: &Listening) -> io::Result<()> {
        let url = format!("http://{}", server.http);
        let client = self.runtime.block_on(LogsServiceClient::connect(url)).map_err(io::Error::other)?;
        self.client = Some(client.send_compressed(CompressionEncoding::Gzip));
        Ok(())
    }

    fn send(&mut self, lines: &[Vec<u8>]) -> io::Result<()> {
        let client = self.client.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let answer = self.runtime.block_on(client.export(request(lines))).map_err(io::Error::other)?;
        // Nothing may have been left out.
        match answer.into_inner().partial_success {
            None => Ok(()),
            Some(partial) => Err(io::Error::other(format!("{partial:?}"))),
        }
    }

    fn line<'a>(&self, record: &'a [u8]) -> Cow<'a, [u8]> {
        wrap::line("body", record)
    }
}
