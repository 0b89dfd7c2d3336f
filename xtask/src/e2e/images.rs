//! Images of what runs in the cluster: one program each with the libraries that it needs, as an archive that is loaded.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Reach, cluster_tool, succeed};
use crate::broker_process::checkout;

/// Programs and the images that they become.
const PROGRAMS: [(&str, &str); 3] = [
    ("highwater-broker", "highwater-broker"),
    ("highwater-operator", "highwater-operator"),
    ("e2e-client", "highwater-e2e"),
];

/// Builds the programs, makes images of them and has them loaded.
pub(super) fn make_and_load(reach: &Reach, debug: bool) -> Result<()> {
    ensure!(!reach.load.is_empty(), "E2E_LOAD names no command that loads an image: see docs/e2e.md");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    build
        .current_dir(checkout())
        .args(["build", "--locked"])
        .args(PROGRAMS.map(|(name, _)| format!("--bin={name}")));
    if !debug {
        build.arg("--release");
    }
    ensure!(build.status().context("cargo cannot be run")?.success(), "the programs cannot be built");
    let built = checkout().join("target").join(if debug { "debug" } else { "release" });
    let folder = checkout().join("target/e2e/images");
    fs::create_dir_all(&folder)?;
    for (program, image) in PROGRAMS {
        let stripped = folder.join(program);
        succeed(Command::new("strip").arg("-o").arg(&stripped).arg(built.join(program)))?;
        let reference = format!("{image}:{}", env!("CARGO_PKG_VERSION"));
        let archive = folder.join(format!("{image}.tar"));
        if cluster_tool().is_file() {
            let mut make = Command::new(cluster_tool());
            succeed(make.args(["image", &reference]).arg(&stripped).arg("--out").arg(&archive))?;
        } else {
            by_docker(&reference, program, &folder, &archive)?;
        }
        let load = format!("{} {}", reach.load, archive.display());
        succeed(reach.command("sh").args(["-c", &load])).with_context(|| load.clone())?;
    }
    Ok(())
}

fn by_docker(reference: &str, program: &str, folder: &Path, archive: &Path) -> Result<()> {
    let file = checkout().join("e2e/Dockerfile");
    let mut build = Command::new("docker");
    build
        .args(["build", "-t", reference, "--build-arg", &format!("PROGRAM={program}"), "-f"])
        .arg(file)
        .arg(folder);
    succeed(&mut build)?;
    succeed(Command::new("docker").args(["save", "-o"]).arg(archive).arg(reference))
}
