//! A query ends soon after its reader has left, whatever it is doing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use gastrolog_engine::*;
use gastrolog_env::Env;
use gastrolog_index::Pipeline;
use gastrolog_ingest::Accepted;
use gastrolog_server::{Client, Server};
use gastrolog_types::{Attributes, Batch, Timestamp};

/// How soon a query must have ended.
const SOON: Duration = Duration::from_millis(100);

/// An engine that tells when a query begins and ends.
struct Watched {
    engine: Arc<Engine>,
    state: Mutex<(bool, Option<Instant>)>,
    changed: Condvar,
}

impl Watched {
    fn set(&self, state: (bool, Option<Instant>)) {
        *self.state.lock().unwrap() = state;
        self.changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&(bool, Option<Instant>)) -> bool) -> (bool, Option<Instant>) {
        let state = self.state.lock().unwrap();
        let wait = Duration::from_secs(60);
        *self.changed.wait_timeout_while(state, wait, |s| !until(s)).unwrap().0
    }
}

impl Service for Watched {
    fn append(&self, store: &str, batch: Batch) -> Result<Accepted, EngineError> {
        self.engine.append(store, batch)
    }
    fn query(&self, q: &QueryRequest, cancel: &Cancel, out: AnswerSink<'_>) -> Result<QueryEnd, EngineError> {
        self.set((true, None));
        let end = self.engine.query(q, cancel, out);
        self.set((end.is_ok(), Some(Instant::now())));
        end
    }
    fn explain(&self, q: &QueryRequest, analyze: bool, cancel: &Cancel) -> Result<ExplainNode, EngineError> {
        self.engine.explain(q, analyze, cancel)
    }
    fn fields(&self, q: &QueryRequest, cancel: &Cancel) -> Result<FieldList, EngineError> {
        self.engine.fields(q, cancel)
    }
    fn values(&self, request: &ValuesRequest) -> Result<ValueList, EngineError> {
        self.engine.values(request)
    }
    fn usage(&self, store: &str) -> Result<StoreUsage, EngineError> {
        self.engine.usage(store)
    }
    fn follow(
        &self,
        q: &QueryRequest,
        cancel: &Cancel,
        out: AnswerSink<'_>,
    ) -> Result<QueryEnd, EngineError> {
        self.engine.follow(q, cancel, out)
    }
    fn stores(&self) -> Result<Vec<StoreInfo>, EngineError> {
        self.engine.stores()
    }
    fn chunks(&self, store: &str) -> Result<Vec<ChunkInfo>, EngineError> {
        self.engine.chunks(store)
    }
    fn inspect(&self, store: &str, chunk: &str) -> Result<ChunkDetail, EngineError> {
        self.engine.inspect(store, chunk)
    }
    fn verify(&self, store: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, EngineError> {
        self.engine.verify(store, progress)
    }
    fn seal(&self, store: &str) -> Result<Vec<String>, EngineError> {
        Engine::seal(&self.engine, store)
    }
    fn compact(
        &self,
        store: &str,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<CompactReport, EngineError> {
        self.engine.compact(store, progress)
    }
}

/// Enough records that every query below takes a second or more.
fn watched() -> Arc<Watched> {
    let pipeline = Arc::new(Pipeline::new(vec![
        Box::new(gastrolog_indexer_kv::KvIndexer),
        Box::new(gastrolog_indexer_token::Token),
    ]));
    let default_store = StoreConfig { row_group_bytes: 1 << 20, ..StoreConfig::default() };
    let config = EngineConfig {
        default_store,
        cache: CacheBytes::default(),
        query_threads: 2,
        ..EngineConfig::default()
    };
    let (location, access, env) = (Location::Memory, Access::ReadWrite, Env::memory());
    let engine = Engine::open(OpenOptions { location, access, config, pipeline, env }).unwrap();
    for part in 0..40u64 {
        let line = |i: u64| {
            let n = (part * 10_000 + i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            format!("n={n} host=web-{} took={} msg=request_{}_done", n % 17, n % 5000, n % 100_000)
        };
        let lines: Vec<String> = (0..10_000).map(line).collect();
        let batch =
            Batch::from_lines(lines.join("\n").into_bytes(), Attributes::default(), Timestamp(part as i64));
        engine.append("", batch).unwrap();
    }
    Arc::new(Watched { engine, state: Mutex::default(), changed: Condvar::new() })
}

const QUERIES: [&str; 8] = [
    "* | sort n | head 5",
    "* | stats count_distinct(n), values(msg), p99(took) by host, msg",
    "* | eval a = n * 2 | stats sum(a) by msg",
    "* | join on msg (* | stats count() as c by msg | head 90000) | stats count() by c",
    "/(request|answer)_[0-9]*[13579]_d.*e[0-9]?/ | where /(1|3)_d.*e$/ | sort n",
    "* | patterns",
    "took<4000 | context 3 | sort n",
    "* | extract /n=(?<x>[0-9]+)7 host/ | where x>5 | sort x",
];

#[test]
fn a_reader_that_leaves_ends_its_query_within_a_tenth_of_a_second() {
    let watched = watched();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = Server::new(watched.clone(), Arc::new(|| Timestamp(1))).tcp("127.0.0.1:0".parse().unwrap());
    let listening = runtime.block_on(server.start()).unwrap();
    let address = listening.address().unwrap();
    let client = Arc::new(Client::connect_tcp(address).unwrap());
    let mut cancelled = 0;
    for query in QUERIES {
        // By gRPC: the call is cancelled.
        watched.set((false, None));
        let cancel = Cancel::default();
        let (caller, theirs) = (client.clone(), cancel.clone());
        let request = QueryRequest { query: query.into(), ..Default::default() };
        let call = std::thread::spawn(move || caller.query(&request, &theirs, &mut |_| true));
        watched.wait(|s| s.0);
        std::thread::sleep(Duration::from_millis(50));
        let left = Left::now();
        cancel.cancel();
        let running = ended_soon(&watched, query, left);
        let end = call.join().unwrap();
        assert!(!running || matches!(end, Err(EngineError::Cancelled(_))), "{query}");
        cancelled += usize::from(running);

        // By HTTP: the connection is closed.
        watched.set((false, None));
        let body = serde_json::json!({ "query": query }).to_string();
        let mut message = vec![0u8];
        message.extend_from_slice(&(body.len() as u32).to_be_bytes());
        message.extend_from_slice(body.as_bytes());
        let head = format!(
            "POST /gastrolog.v1.Query/Query HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\n\
             content-length: {}\r\n\r\n",
            message.len()
        );
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        socket.write_all(&message).unwrap();
        watched.wait(|s| s.0);
        std::thread::sleep(Duration::from_millis(50));
        let left = Left::now();
        drop(socket);
        cancelled += usize::from(ended_soon(&watched, query, left));
    }
    assert!(
        cancelled >= QUERIES.len(),
        "{cancelled}: too many were over before their readers left: more records are needed"
    );
}

/// When a reader left, and what processor time all threads of this process had used by then.
struct Left(Instant, Duration);

impl Left {
    fn now() -> Left {
        Left(Instant::now(), processor_time())
    }
}

/// Processor time of this process: a machine that is busy with something else takes its time, but not ours.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Whether the query still ran when its reader left; then it must have ended soon.
fn ended_soon(watched: &Watched, query: &str, left: Left) -> bool {
    let (finished, ended) = watched.wait(|s| s.1.is_some());
    let used = processor_time() - left.1;
    let ended = ended.unwrap_or_else(|| panic!("{query} goes on and on"));
    if finished || ended <= left.0 {
        println!("{query} was over before its reader left");
        return false;
    }
    let took = ended - left.0;
    println!("{query}: ended after {took:?}, {used:?} of processor time");
    assert!(took < SOON || used < SOON, "{query} went on for {took:?} and used {used:?}");
    true
}
