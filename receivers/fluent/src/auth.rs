//! The handshake: HELO, PING, PONG. Both sides show that they know the shared key without sending it.

use std::collections::BTreeMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA512};

use crate::msgpack::{Reader, Token};

/// Who may send.
#[derive(Clone, Default)]
pub struct Security {
    /// The key that both sides know.
    pub shared_key: String,
    /// The name of this server in the handshake; a client refuses one that is its own.
    pub hostname: String,
    /// Users and their passwords; when there are any, one of them must be given.
    pub users: BTreeMap<String, String>,
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Security")
            .field("hostname", &self.hostname)
            .field("users", &self.users.len())
            .finish()
    }
}

/// One handshake, from the side of the server.
pub(crate) struct Handshake<'a> {
    security: &'a Security,
    nonce: String,
    salt: String,
}

/// Letters of a nonce; plain text, as some clients take only that.
const NONCE_BYTES: usize = 16;

impl<'a> Handshake<'a> {
    /// Begins one; `None` when the system has no random numbers.
    pub(crate) fn new(security: &'a Security) -> Option<Handshake<'a>> {
        let salt = if security.users.is_empty() { String::new() } else { random_hex()? };
        Some(Handshake { security, nonce: random_hex()?, salt })
    }

    /// The greeting.
    pub(crate) fn helo(&self) -> Vec<u8> {
        let mut out = vec![0x92];
        put_str(&mut out, "HELO");
        out.push(0x83);
        for (name, value) in [("nonce", &self.nonce), ("auth", &self.salt)] {
            put_str(&mut out, name);
            put_str(&mut out, value);
        }
        put_str(&mut out, "keepalive");
        out.push(0xc3);
        out
    }

    /// Judges what should be a PING. `Ok` holds the answer, `Err` the answer and the reason to end the connection.
    pub(crate) fn judge(&self, ping: &[u8]) -> Result<Vec<u8>, (Vec<u8>, &'static str)> {
        let refuse = |why| Err((self.pong(false, why, ""), why));
        let Some([host, salt, key_digest, user, password_digest]) = read_ping(ping) else {
            return refuse("expected a PING");
        };
        let key = self.security.shared_key.as_bytes();
        let nonce = self.nonce.as_bytes();
        if !same(&sha512_hex(&[salt, host, nonce, key]), key_digest) {
            return refuse("shared key mismatch");
        }
        if !self.security.users.is_empty() && !self.knows(user, password_digest) {
            return refuse("username/password mismatch");
        }
        let digest = sha512_hex(&[salt, self.security.hostname.as_bytes(), nonce, key]);
        Ok(self.pong(true, "", &digest))
    }

    fn knows(&self, user: &[u8], digest: &[u8]) -> bool {
        let name = std::str::from_utf8(user).unwrap_or_default();
        let Some(password) = self.security.users.get(name) else { return false };
        same(&sha512_hex(&[self.salt.as_bytes(), user, password.as_bytes()]), digest)
    }

    fn pong(&self, yes: bool, why: &str, digest: &str) -> Vec<u8> {
        let mut out = vec![0x95];
        put_str(&mut out, "PONG");
        out.push(if yes { 0xc3 } else { 0xc2 });
        for text in [why, &self.security.hostname, digest] {
            put_str(&mut out, text);
        }
        out
    }
}

/// Host name, salt, digest of the key, user, digest of the password.
fn read_ping(bytes: &[u8]) -> Option<[&[u8]; 5]> {
    let mut reader = Reader::new(bytes);
    let (Token::Array(6), Token::Str(b"PING")) = (reader.token().ok()?, reader.token().ok()?) else {
        return None;
    };
    let mut text = || match reader.token() {
        Ok(Token::Str(text) | Token::Bin(text)) => Some(text),
        Ok(Token::Nil) => Some(&b""[..]),
        _ => None,
    };
    Some([text()?, text()?, text()?, text()?, text()?])
}

fn same(ours: &str, theirs: &[u8]) -> bool {
    verify_slices_are_equal(ours.as_bytes(), theirs).is_ok()
}

fn sha512_hex(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA512);
    for part in parts {
        context.update(part);
    }
    hex(context.finish().as_ref())
}

fn random_hex() -> Option<String> {
    let mut bytes = [0; NONCE_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Appends text as msgpack.
fn put_str(out: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(length @ 0..=31) => out.push(0xa0 | length),
        Ok(length) => out.extend([0xd9, length]),
        Err(_) => {
            out.push(0xdb);
            out.extend((text.len() as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}
