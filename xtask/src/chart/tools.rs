//! The programs that the chart is tried with: found in the PATH, else in target/chart/bin, else brought there.
//!
//! helm comes packed with `../shared/cluster`, Prometheus as a package of Debian that is unpacked and not installed (an
//! installed one would start a service), helm-unittest by the Go toolchain.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};

use crate::broker_process::checkout;

/// Builds in 133 s with an empty cache on two busy cores.
const UNITTEST: &str = "github.com/helm-unittest/helm-unittest";
const UNITTEST_VERSION: &str = "v1.1.2";

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Tools {
    helm: PathBuf,
}

impl Tools {
    /// Finds helm, without which there is nothing to do.
    pub(crate) fn find() -> Result<Tools> {
        fs::create_dir_all(directory().join("bin"))?;
        let helm = match installed("helm") {
            Some(helm) => helm,
            None => unpack_helm().context("helm is not installed")?,
        };
        Ok(Tools { helm })
    }

    /// Runs helm and returns what it prints.
    pub(crate) fn helm(&self, arguments: &[&str]) -> Result<String> {
        output(&mut self.helm_command(arguments))
    }

    /// helm with these arguments, for who has more to say.
    pub(crate) fn helm_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.helm);
        command.args(arguments).current_dir(checkout());
        command
    }

    /// promtool; `None` if it cannot be had.
    #[expect(clippy::unused_self, reason = "whoever has found the tools asks for them here")]
    pub(crate) fn promtool(&self) -> Result<Option<PathBuf>> {
        of_debian("promtool")
    }

    /// Prometheus itself; `None` if it cannot be had.
    #[expect(clippy::unused_self, reason = "whoever has found the tools asks for them here")]
    pub(crate) fn prometheus(&self) -> Result<Option<PathBuf>> {
        of_debian("prometheus")
    }

    /// helm-unittest; `None` if it cannot be had.
    #[expect(clippy::unused_self, reason = "whoever has found the tools asks for them here")]
    pub(crate) fn unittest(&self) -> Result<Option<PathBuf>> {
        if let Some(found) = installed("helm-unittest") {
            return Ok(Some(found));
        }
        let Some(go) = installed("go") else { return Ok(None) };
        let module = format!("{UNITTEST}@{UNITTEST_VERSION}");
        let printed =
            output(Command::new(&go).args(["mod", "download", "-json", &module]).current_dir(directory()))?;
        let printed: serde_json::Value = serde_json::from_str(&printed)?;
        let source = printed["Dir"].as_str().context("go mod download names no folder")?;
        let binary = directory().join("bin/helm-unittest");
        // In its own folder it is the main module, whose replacements count: `go install` refuses those.
        let mut build = Command::new(go);
        build.args(["build", "-mod=readonly", "-o"]).arg(&binary).arg("./cmd/helm-unittest");
        output(build.current_dir(source))?;
        Ok(Some(binary))
    }
}

/// Where all that this command makes is kept.
pub(crate) fn directory() -> PathBuf {
    checkout().join("target/chart")
}

/// Runs a command to its end.
///
/// # Errors
/// It cannot be started, or fails: then with all that it printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let Output { status, stdout, stderr } = command.output().with_context(|| format!("cannot run {name}"))?;
    let printed = String::from_utf8_lossy(&stdout).into_owned();
    ensure!(status.success(), "{name}: {status}\n{printed}{}", String::from_utf8_lossy(&stderr));
    Ok(printed)
}

/// The program of that name in target/chart/bin or the PATH.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = directory().join("bin");
    std::iter::once(own)
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn unpack_helm() -> Result<PathBuf> {
    let packed = checkout().join("../shared/cluster/bin/helm.zst");
    ensure!(packed.is_file(), "there is no {}", packed.display());
    let helm = directory().join("bin/helm");
    let mut zstd = Command::new("zstd");
    output(zstd.args(["-q", "-d", "--long=27", "-f"]).arg(packed).arg("-o").arg(&helm))?;
    output(Command::new("chmod").arg("+x").arg(&helm))?;
    Ok(helm)
}

/// A program of Debian's package `prometheus`.
fn of_debian(name: &str) -> Result<Option<PathBuf>> {
    if let Some(found) = installed(name) {
        return Ok(Some(found));
    }
    if installed("apt-get").is_none() || installed("dpkg").is_none() {
        return Ok(None);
    }
    let folder = directory().join("debian");
    let program = folder.join("usr/bin").join(name);
    if !program.is_file() {
        fs::create_dir_all(&folder)?;
        let download =
            || output(Command::new("apt-get").args(["-q", "download", "prometheus"]).current_dir(&folder));
        if download().is_err() {
            output(Command::new("apt-get").args(["-q", "update"]))?;
            download()?;
        }
        let package = packages(&folder)?;
        output(Command::new("dpkg").arg("-x").arg(package).arg(&folder))?;
    }
    Ok(Some(program))
}

fn packages(folder: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            return Ok(path);
        }
    }
    bail!("apt-get has downloaded no package to {}", folder.display())
}
