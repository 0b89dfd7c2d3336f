//! Links between the Markdown files of the repository: each has to lead to a file or folder that is there.

use std::path::Path;

/// Links in `path` that lead nowhere. Addresses, anchors and code are not looked at.
pub(super) fn unresolved(root: &Path, path: &str, contents: &str, violations: &mut Vec<String>) {
    let folder = root.join(path).parent().map(Path::to_path_buf).unwrap_or_default();
    let mut in_code = false;
    for (index, line) in contents.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            let elsewhere = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if !elsewhere && !folder.join(file).exists() {
                violations.push(format!("{path}:{}: the link to {target} leads nowhere", index + 1));
            }
        }
    }
}

/// What `[text](target)` and `![text](target "title")` point to, outside of inline code.
fn targets(line: &str) -> Vec<String> {
    let prose: Vec<&str> = line.split('`').step_by(2).collect();
    prose
        .join("")
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|inside| inside.split_whitespace().next())
        .map(|target| target.trim_matches(['<', '>']).to_owned())
        .collect()
}
