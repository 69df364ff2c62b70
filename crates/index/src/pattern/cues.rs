//! Words by which the next word is known to be a value although it looks like any other: names of users.

/// What a word means for the words after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Word {
    #[default]
    Other,
    /// `user`
    User,
    /// `for`
    For,
    /// A word that makes of a following `user` the announcement of a name.
    BeforeUser,
    /// A way to log in.
    Credential,
}

fn word(token: &[u8]) -> Word {
    let is = |words: &[&str]| words.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(token));
    match token.len() {
        3 if is(&["for"]) => Word::For,
        4 if is(&["user"]) => Word::User,
        2 | 7 if is(&["as", "by", "of", "invalid", "unknown"]) => Word::BeforeUser,
        8 | 9 | 20 if is(&["password", "publickey", "keyboard-interactive"]) => Word::Credential,
        _ => Word::Other,
    }
}

/// The last two words, if nothing but one space stood between them and what comes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cues(Word, Word);

impl Cues {
    /// Whether `token`, which comes next and is a word, is the name of a user: `for user alice`, `password for alice`.
    /// `rest` is what follows it.
    pub(super) fn announce(self, token: &[u8], rest: &[u8]) -> bool {
        let announced = match self {
            Cues(Word::For | Word::BeforeUser, Word::User) => true,
            Cues(Word::Credential, Word::For) => word(token) == Word::Other,
            Cues(_, Word::User) => rest.starts_with(b" from ") || rest.starts_with(b" by "),
            _ => false,
        };
        announced && token.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    }

    /// Takes note of a token.
    pub(super) fn push(&mut self, token: &[u8]) {
        *self = Cues(self.1, word(token));
    }

    /// Takes note of something else than a token or a space.
    pub(super) fn clear(&mut self) {
        *self = Cues::default();
    }
}
