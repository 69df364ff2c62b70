//! What the made-up records speak of.

pub(crate) const LEVELS: &[&str] = &["debug", "info", "info", "info", "info", "notice", "warn", "error"];
pub(crate) const METHODS: &[&str] = &["GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD"];
pub(crate) const STATUSES: &[u16] =
    &[200, 200, 200, 200, 201, 204, 301, 304, 400, 403, 404, 404, 500, 502, 503];
pub(crate) const SERVICES: &[&str] = &["cart", "checkout", "search", "login", "mail", "thumbs", "billing"];
pub(crate) const HOSTS: &[&str] = &["web-1", "web-2", "db-1", "queue-7", "edge-fra-3"];
pub(crate) const PATHS: &[&str] =
    &["/", "/cart", "/api/v1/items", "/search", "/health", "/static/app.js", "/login", "/b%C3%BCcher"];
pub(crate) const AGENTS: &[&str] = &[
    "curl/8.5.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "kube-probe/1.31",
    "-",
];
/// Messages, some of them awkward: quotes, backslashes, other scripts, nothing but signs.
pub(crate) const MESSAGES: &[&str] = &[
    "connection accepted",
    "card declined",
    "cache miss, going to the database",
    "retrying after timeout",
    "user said \"it's broken\"",
    "wrote C:\\temp\\out.log",
    "größer als erwartet: 12 µs",
    "日本語のログ",
    "{not json} [nor=this] <or that>",
    "100 % of quota used; tab\there",
    "emoji 🪵 rolled",
    "a=b c=\"d e\" f=",
];
pub(crate) const CLASSES: &[&str] = &[
    "java.lang.IllegalStateException",
    "java.net.SocketTimeoutException",
    "org.example.shop.CardDeclinedException",
    "java.lang.NullPointerException",
];
pub(crate) const FRAMES: &[&str] = &[
    "org.example.shop.Cart.add(Cart.java:112)",
    "org.example.shop.Checkout.pay(Checkout.java:57)",
    "org.example.http.Router.lambda$route$3(Router.java:204)",
    "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)",
    "java.base/java.lang.Thread.run(Thread.java:1583)",
];
