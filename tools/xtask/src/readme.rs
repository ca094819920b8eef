//! Figures in the README that the tasks write themselves, each between two markers of its own.
//!
//! `<!-- bench -->` begins what `cargo xtask bench --write-readme` writes, `<!-- /bench -->` ends it.

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Puts `text` between the markers `name` of the README at the workspace's root.
///
/// # Errors
/// When the file cannot be read or written, or has not these markers once each and in this order.
pub fn write(name: &str, text: &str) -> Result<()> {
    let path = workspace::root().join("README.md");
    let in_words = || path.display().to_string();
    let old = std::fs::read_to_string(&path).with_context(in_words)?;
    let new = replace(&old, name, text).with_context(in_words)?;
    if new != old {
        std::fs::write(&path, new).with_context(in_words)?;
    }
    println!("{}: figures between the markers \"{name}\"", path.display());
    Ok(())
}

fn replace(document: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let parts: Vec<&str> = document.split(&begin).collect();
    let [before, rest] = parts[..] else {
        bail!("there is not exactly one marker {begin}: put it where the figures belong");
    };
    let parts: Vec<&str> = rest.split(&end).collect();
    let [_, after] = parts[..] else {
        bail!("there is not exactly one marker {end} behind {begin}");
    };
    Ok(format!("{before}{begin}\n{}\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let document = "a\n<!-- x -->\nold\n<!-- /x -->\nb <!-- y -->\n";
        let new = replace(document, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- x -->\nnew\n<!-- /x -->\nb <!-- y -->\n");
        assert_eq!(replace(&new, "x", "new").unwrap(), new);
    }

    #[test]
    fn missing_and_repeated_markers_are_named() {
        for document in [
            "",
            "<!-- x -->",
            "<!-- /x -->\n<!-- x -->",
            "<!-- x --><!-- /x --><!-- x --><!-- /x -->",
        ] {
            let error = replace(document, "x", "").unwrap_err().to_string();
            assert!(error.contains("x -->"), "{error}");
        }
    }
}
