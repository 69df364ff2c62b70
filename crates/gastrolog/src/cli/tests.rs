//! How arguments are read.

use super::*;

fn query(args: &[&str]) -> Result<(String, QueryArgs), String> {
    let all = ["gastrolog", "query"].iter().chain(args).map(Into::into);
    match Cli::from_args(all).map_err(|e| e.to_string())?.command {
        Command::Query(q) => Ok((q.words.text(), q)),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn options_may_stand_anywhere_and_words_may_begin_with_a_hyphen() {
    for args in [
        &["error", "--limit", "5", "-foo", "| sort", "-count"][..],
        &["-n5", "error", "-foo", "| sort", "-count"],
        &["error", "-foo", "| sort", "-count", "--limit=5"],
        &["error", "-foo", "-n", "5", "| sort", "-count"],
        &["--order", "write", "--limit", "5", "--", "error", "-foo", "| sort", "-count"],
    ] {
        let (text, parsed) = query(args).unwrap();
        assert_eq!(
            (text.as_str(), parsed.limit),
            ("error -foo | sort -count", Some(Limit::At(5))),
            "{args:?}"
        );
    }
    assert_eq!(query(&["-name", "--", "--limit", "-n"]).unwrap().0, "-name --limit -n");
    assert_eq!(query(&["--store", "x", "-online", "-"]).unwrap().0, "-online -");
    assert!(query(&["x", "--limmit", "5"]).unwrap_err().contains("--limit"));
    assert!(query(&["--limit", "5"]).is_err());
}

#[test]
fn the_command_is_found_behind_global_options() {
    let args = ["gastrolog", "--store", "query", "ingest", "-q", "f"].map(Into::into);
    let cli = Cli::from_args(args.into_iter()).unwrap();
    assert!(matches!(cli.command, Command::Ingest(i) if i.quiet));
    let args = ["gastrolog", "--name=x", "follow", "a", "-b"].map(Into::into);
    let cli = Cli::from_args(args.into_iter()).unwrap();
    assert!(matches!(cli.command, Command::Follow(f) if f.words.text() == "a -b"));
}
