//! What a scenario found, as text: a table, the ratios to Kafka, and docs/benchmarks.md.
//!
//! A run replaces the sections of the scenarios that it measured and their lines in the overview; the others stay.

use std::fmt::Write;

use super::statistics::short;

const MET: &str = "met";
const MISSED: &str = "**missed**";

/// What a ratio should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Told without being a goal.
    None,
}

/// One figure that the project promises, and what came out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    pub(crate) what: String,
    pub(crate) value: f64,
    /// `x` for ratios.
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
}

impl Finding {
    /// Ours divided by theirs.
    pub(crate) fn ratio(what: impl Into<String>, ours: f64, theirs: f64, target: Target) -> Self {
        Self { what: what.into(), value: ours / theirs, unit: "x", target }
    }

    /// A figure of ours alone.
    pub(crate) fn figure(what: impl Into<String>, value: f64, unit: &'static str, target: Target) -> Self {
        Self { what: what.into(), value, unit, target }
    }

    fn measured(&self) -> String {
        with_unit(self.value, self.unit)
    }

    fn wanted(&self) -> String {
        match self.target {
            Target::AtLeast(value) => format!("≥ {}", with_unit(value, self.unit)),
            Target::AtMost(value) => format!("≤ {}", with_unit(value, self.unit)),
            Target::None => String::new(),
        }
    }

    /// Whether the goal is met, if there is one.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match self.target {
            Target::AtLeast(value) => Some(self.value >= value),
            Target::AtMost(value) => Some(self.value <= value),
            Target::None => None,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.is_met() {
            Some(true) => MET,
            Some(false) => MISSED,
            None => "",
        }
    }
}

fn with_unit(value: f64, unit: &str) -> String {
    if unit == "x" { format!("{}x", short(value)) } else { format!("{} {unit}", short(value)) }
}

/// What a scenario found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    pub(crate) number: u32,
    pub(crate) title: &'static str,
    /// How it was measured, in a sentence or two.
    pub(crate) method: String,
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) findings: Vec<Finding>,
    /// What keeps a missed goal from being met, with the figures that say so.
    pub(crate) limits: Vec<String>,
    /// What a reader must know to judge the figures.
    pub(crate) notes: Vec<String>,
}

impl Section {
    /// The section as Markdown, ending in an empty line.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("## {}. {}\n\n{}\n\n", self.number, self.title, self.method);
        text.push_str(&markdown_table(&self.header, &self.rows));
        for limit in &self.limits {
            let _ = write!(text, "\n**Limit:** {limit}\n");
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text.push('\n');
        text
    }

    /// Its lines in the overview.
    pub(crate) fn overview(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let (what, measured) = (&finding.what, finding.measured());
            let (wanted, verdict) = (finding.wanted(), finding.verdict());
            let _ = writeln!(text, "| {} | {what} | {measured} | {wanted} | {verdict} |", self.number);
        }
        for limit in &self.limits {
            let _ = writeln!(text, "| {} | limit: {limit} | | | |", self.number);
        }
        text
    }
}

/// Columns padded to the same width, so that it reads well as text too.
fn markdown_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header[column].chars().count(), 3]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        for (cell, &width) in cells.zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
    };
    line(&mut header.iter().map(|&name| name.to_owned()));
    line(&mut widths.iter().map(|&width| "-".repeat(width)));
    for row in rows {
        line(&mut row.iter().cloned());
    }
    text
}

const TITLE: &str = "# Benchmarks\n\n";
const OVERVIEW: &str = "## Overview\n\n";
const OVERVIEW_HEADER: &str =
    "| scenario | what | measured | goal | verdict |\n|----------|------|----------|------|---------|\n";

/// The document with `sections` put in place of those of the same number in `existing`.
pub(crate) fn document(existing: &str, preface: &str, sections: &[Section]) -> String {
    let replaced = |number: u32| sections.iter().any(|section| section.number == number);
    let mut bodies: Vec<(u32, String)> = Vec::new();
    let mut overview: Vec<(u32, String)> = Vec::new();
    for part in existing.split("\n## ").skip(1) {
        match part.split_once(". ").and_then(|(number, _)| number.parse().ok()) {
            Some(number) if !replaced(number) => bodies.push((number, format!("## {}\n\n", part.trim_end()))),
            _ => {}
        }
        for line in part.lines() {
            let number = line.strip_prefix("| ").and_then(|rest| rest.split_once(" | "));
            match number.and_then(|(number, _)| number.parse().ok()) {
                Some(number) if part.starts_with("Overview") && !replaced(number) => {
                    overview.push((number, format!("{line}\n")));
                }
                _ => {}
            }
        }
    }
    bodies.extend(sections.iter().map(|section| (section.number, section.markdown())));
    overview.extend(sections.iter().map(|section| (section.number, section.overview())));
    bodies.sort_by_key(|(number, _)| *number);
    overview.sort_by_key(|(number, _)| *number);
    let lines: String = overview.into_iter().map(|(_, line)| line).collect();
    let bodies: String = bodies.into_iter().map(|(_, body)| body).collect();
    let goals = goals(&lines);
    let text = format!("{TITLE}{OVERVIEW}{goals}{OVERVIEW_HEADER}{lines}\n{preface}\n{bodies}");
    format!("{}\n", text.trim_end())
}

/// How many of the overview's goals are met.
fn goals(lines: &str) -> String {
    let count =
        |verdict: &str| lines.lines().filter(|line| line.ends_with(&format!("| {verdict} |"))).count();
    let (met, missed) = (count(MET), count(MISSED));
    format!("{met} of {} goals are met; what limits the others stands below them.\n\n", met + missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(number: u32, ratio: f64) -> Section {
        Section {
            number,
            title: "Small records",
            method: "As it is.".to_owned(),
            header: vec!["broker", "msg/s"],
            rows: vec![vec!["ours".to_owned(), short(ratio * 100.0)]],
            findings: vec![Finding::ratio("msg/s", ratio, 1.0, Target::AtLeast(1.5))],
            limits: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_finding_says_whether_the_goal_is_met() {
        assert_eq!(section(1, 2.0).overview(), "| 1 | msg/s | 2.00x | ≥ 1.50x | met |\n");
        assert_eq!(section(1, 1.0).overview(), "| 1 | msg/s | 1.00x | ≥ 1.50x | **missed** |\n");
    }

    #[test]
    fn a_limit_stands_in_the_section_and_below_the_goal_that_it_explains() {
        let section = Section { limits: vec!["the disk.".to_owned()], ..section(6, 1.0) };
        let overview = section.overview();
        assert!(overview.ends_with("**missed** |\n| 6 | limit: the disk. | | | |\n"), "{overview}");
        assert!(section.markdown().contains("\n**Limit:** the disk.\n"));
    }

    #[test]
    fn the_overview_counts_the_goals_that_are_met() {
        let text = document("", "Preface.\n", &[section(1, 2.0), section(2, 1.0), section(3, 3.0)]);
        assert!(text.contains("2 of 3 goals are met"), "{text}");
    }

    #[test]
    fn a_table_has_one_width_per_column() {
        let table = markdown_table(&["broker", "msg/s"], &[vec!["highwater".to_owned(), "1".to_owned()]]);
        assert_eq!(table, "| broker    | msg/s |\n| --------- | ----- |\n| highwater | 1     |\n");
    }

    #[test]
    fn a_run_replaces_its_own_sections_and_keeps_the_others() {
        let first = document("", "Preface.\n", &[section(2, 2.0), section(10, 3.0)]);
        let second = document(&first, "Later preface.\n", &[section(2, 4.0), section(1, 5.0)]);
        let all = document("", "Later preface.\n", &[section(1, 5.0), section(2, 4.0), section(10, 3.0)]);
        assert_eq!(second, all);
    }
}
