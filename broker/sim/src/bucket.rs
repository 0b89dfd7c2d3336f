//! A bucket of an object store on simulated time. It outlives the broker's process.
//!
//! Every request is on its way for a while, happens at one instant, and its answer is on its way back. Whoever asked may
//! be gone by then, killed or out of patience: what was under way may still arrive, seconds later, and nobody hears of
//! it. `bucket/weather.rs` says what goes wrong, `bucket/requests.rs` is the side that the broker sees.

pub mod directory;
mod objects;
pub mod remote_store;
mod requests;
pub mod weather;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use broker_tier::faulty_store::Answer;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, Result};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::clock::SimClock;
use crate::random::Rng;
use objects::{Moment, Objects, STALENESS_MS_MAX};
use remote_store::Written;
use requests::{Ask, Reply};
use weather::{TROUBLES, Trouble, Weather, befalling};

/// How long a slow request takes longer than others each way, in milliseconds.
const SLOW_MS: (u64, u64) = (300, 2_500);
/// After what time a request arrives that nobody waits for any more.
const LATE_MS: (u64, u64) = (1_000, 6_000);
/// Of 100 requests that are on their way when the process dies, how many never arrive, and how many soon.
const DIES_PERCENT: u64 = 50;
const SOON_PERCENT: u64 = 60;
const SOON_MS_MAX: u64 = 20;

/// What a request is part of, to be interrupted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// An object with batches is written.
    Copy,
    /// A manifest is written.
    Publish,
    /// Something is deleted.
    Delete,
    /// A partition's objects are compared with its manifest.
    Scrub,
}

impl Work {
    fn of_write(path: &Path) -> Option<Work> {
        let path = path.as_ref();
        if path.contains("/manifest/") {
            Some(Work::Publish)
        } else {
            path.contains("/seg/").then_some(Work::Copy)
        }
    }

    fn of_deletion(path: &Path) -> Option<Work> {
        path.as_ref().contains("/t/").then_some(Work::Delete)
    }

    /// Only the scrubber lists the folder of a partition.
    fn of_listing(prefix: &Path) -> Option<Work> {
        let name = prefix.as_ref().rsplit('/').next().unwrap_or_default();
        (name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit())).then_some(Work::Scrub)
    }
}

/// The bucket. Clones share one.
#[derive(Clone)]
pub struct Bucket {
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

/// A request, or its answer.
#[derive(Debug)]
struct Flight {
    leg: Leg,
    trouble: Option<Trouble>,
    work: Option<Work>,
    /// `None` once nobody waits for the answer.
    answer: Option<oneshot::Sender<Result<Reply>>>,
}

impl Flight {
    fn is_awaited(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| !answer.is_closed())
    }
}

#[derive(Debug)]
enum Leg {
    /// To the bucket.
    Going(Ask),
    /// Back.
    Coming(Result<Reply>),
}

#[derive(Debug)]
struct State {
    clock: Arc<SimClock>,
    rng: Rng,
    latency_ms: (u64, u64),
    weather: Vec<Weather>,
    objects: Objects,
    /// By the time at which they arrive, and by their numbers.
    flights: BTreeMap<(u64, u64), Flight>,
    flights_begun: u64,
    troubles: [u64; TROUBLES.len()],
    left_uploads: u64,
}

impl Bucket {
    /// An empty bucket whose requests take so many milliseconds each way.
    #[must_use]
    pub fn new(clock: Arc<SimClock>, rng: Rng, latency_ms: (u64, u64), weather: Vec<Weather>) -> Bucket {
        let state = State {
            clock,
            rng,
            latency_ms,
            weather,
            objects: Objects::default(),
            flights: BTreeMap::new(),
            flights_begun: 0,
            troubles: [0; TROUBLES.len()],
            left_uploads: 0,
        };
        Bucket { state: Arc::new(Mutex::new(state)) }
    }

    /// Has happen what is due: between the steps of the simulation.
    pub fn tick(&self) {
        let mut state = self.state.lock();
        let now = state.now();
        while let Some(first) = state.flights.first_entry().filter(|first| first.key().0 <= now.elapsed_ms) {
            let flight = first.remove();
            state.arrive(flight, now);
        }
    }

    /// From here on nothing goes wrong. What is on its way stays there.
    pub fn heal(&self) {
        self.state.lock().weather.clear();
    }

    /// Adds trouble.
    pub fn add_weather(&self, weather: Weather) {
        self.state.lock().weather.push(weather);
    }

    /// The process whose requests these are is gone: answers come to nobody, some requests never arrive, others late.
    pub fn process_died(&self) {
        let mut state = self.state.lock();
        let now_ms = state.clock.elapsed_ms();
        let left = state.objects.open_uploads() as u64;
        state.left_uploads = state.left_uploads.max(left);
        for ((due_ms, number), mut flight) in std::mem::take(&mut state.flights) {
            // Those without somebody who waits are of an earlier process, or late already.
            let at_ms = match (&flight.leg, flight.answer.take()) {
                (Leg::Coming(_), _) => continue,
                (Leg::Going(_), None) => due_ms,
                (Leg::Going(_), Some(_)) if state.rng.chance(DIES_PERCENT) => continue,
                (Leg::Going(_), Some(_)) if state.rng.chance(SOON_PERCENT) => {
                    now_ms + state.rng.between(0, SOON_MS_MAX)
                }
                (Leg::Going(_), Some(_)) => now_ms + state.rng.between(LATE_MS.0, LATE_MS.1),
            };
            state.flights.insert((at_ms, number), flight);
        }
    }

    /// Whether a request that is part of such work is under way, and somebody waits for it.
    #[must_use]
    pub fn is_working(&self, work: Work) -> bool {
        let state = self.state.lock();
        state.flights.values().any(|flight| flight.work == Some(work) && flight.is_awaited())
    }

    /// Whether something is on its way that nobody waits for.
    #[must_use]
    pub fn has_strays(&self) -> bool {
        self.state.lock().flights.values().any(|flight| !flight.is_awaited())
    }

    /// What was written since this was asked last.
    #[must_use]
    pub fn take_written(&self) -> Vec<Written> {
        self.state.lock().objects.take_written()
    }

    /// How often each trouble has made a difference, in the order of [`TROUBLES`].
    #[must_use]
    pub fn troubles(&self) -> [u64; TROUBLES.len()] {
        self.state.lock().troubles
    }

    /// Most uploads whose parts were left behind by a process that died.
    #[must_use]
    pub fn left_uploads(&self) -> u64 {
        self.state.lock().left_uploads
    }

    /// All objects with their paths, in order.
    #[must_use]
    pub fn contents(&self) -> Vec<(Path, Bytes)> {
        let state = self.state.lock();
        state.objects.iter().map(|(path, object)| (path.clone(), object.bytes.clone())).collect()
    }

    /// One object.
    #[cfg(test)]
    fn content(&self, path: &Path) -> Option<Bytes> {
        self.state.lock().objects.get(path).map(|object| object.bytes.clone())
    }

    /// Sends a request on its way.
    fn begin(&self, ask: Ask) -> oneshot::Receiver<Result<Reply>> {
        let (answer, wait) = oneshot::channel();
        self.state.lock().begin(ask, answer);
        wait
    }
}

impl State {
    fn now(&self) -> Moment {
        Moment { elapsed_ms: self.clock.elapsed_ms(), wall_ms: self.clock.true_now_ms() }
    }

    fn begin(&mut self, ask: Ask, answer: oneshot::Sender<Result<Reply>>) {
        let now_ms = self.clock.elapsed_ms();
        let trouble = befalling(&self.weather, now_ms, ask.kind(), &mut self.rng);
        let (low, high) = self.latency_ms;
        let takes_ms = self.rng.between(low, high);
        let (work, path) = (ask.work(), ask.path().to_string());
        let refused = |answer: Answer| Leg::Coming(Err(answer.error(&path).expect("an answer with words")));
        let (leg, takes_ms) = match trouble {
            Some(Trouble::Refused | Trouble::Outage) => (refused(Answer::ServerError), takes_ms),
            Some(Trouble::Throttled) => (refused(Answer::SlowDown), takes_ms),
            Some(Trouble::Hung | Trouble::Unreachable) => (Leg::Going(Ask::Nothing), u64::MAX - now_ms),
            Some(Trouble::Late) => (Leg::Going(ask), self.rng.between(LATE_MS.0, LATE_MS.1)),
            Some(Trouble::Slow) => (Leg::Going(ask), takes_ms + self.rng.between(SLOW_MS.0, SLOW_MS.1)),
            _ => (Leg::Going(ask), takes_ms),
        };
        // All others count where they make a difference.
        if let Some(trouble) = trouble
            && (matches!(leg, Leg::Coming(_) | Leg::Going(Ask::Nothing))
                || matches!(trouble, Trouble::Late | Trouble::Slow))
        {
            self.troubles[trouble.index()] += 1;
        }
        if matches!(leg, Leg::Going(Ask::Nothing)) {
            // Without a sender the answer never comes: see `Bucket::ask`.
            return;
        }
        let answer = (trouble != Some(Trouble::Late)).then_some(answer);
        self.fly(now_ms + takes_ms, Flight { leg, trouble, work, answer });
    }

    fn fly(&mut self, at_ms: u64, flight: Flight) {
        self.flights_begun += 1;
        self.flights.insert((at_ms, self.flights_begun), flight);
    }

    fn arrive(&mut self, flight: Flight, now: Moment) {
        let Flight { leg, trouble, work, answer } = flight;
        match leg {
            Leg::Coming(reply) => {
                if let Some(answer) = answer {
                    // Nobody may wait any more.
                    let _sent = answer.send(reply);
                }
            }
            Leg::Going(ask) => {
                let reply = self.carry_out(ask, trouble, now);
                let Some((reply, answer)) = reply.zip(answer) else { return };
                let (low, high) = self.latency_ms;
                let takes_ms = self.rng.between(low, high);
                let leg = Leg::Coming(reply);
                self.fly(
                    now.elapsed_ms + takes_ms,
                    Flight { leg, trouble: None, work, answer: Some(answer) },
                );
            }
        }
    }

    /// Does what is asked for; `None` if that is never answered.
    fn carry_out(&mut self, ask: Ask, trouble: Option<Trouble>, now: Moment) -> Option<Result<Reply>> {
        let path = ask.path().to_string();
        let told = |answer: Answer| Some(Err(answer.error(&path).expect("an answer with words")));
        if trouble == Some(Trouble::FalseConflict) && self.objects.get(ask.path()).is_none() {
            self.troubles[Trouble::FalseConflict.index()] += 1;
            return told(Answer::Taken);
        }
        let listed_ms = match trouble {
            Some(Trouble::StaleListing) => {
                now.elapsed_ms - self.rng.between(1, STALENESS_MS_MAX).min(now.elapsed_ms)
            }
            _ => now.elapsed_ms,
        };
        if listed_ms < now.elapsed_ms
            && ask.list(&self.objects, listed_ms) != ask.list(&self.objects, now.elapsed_ms)
        {
            self.troubles[Trouble::StaleListing.index()] += 1;
        }
        let mut reply = ask.carry_out(&mut self.objects, now, listed_ms);
        let Some(trouble) = trouble else { return Some(reply) };
        let counts = match (trouble, &mut reply) {
            (Trouble::DoneThenError | Trouble::AnswerLost | Trouble::OwnConflict, Ok(_)) => true,
            (Trouble::CutShort, Ok(Reply::Body { bytes, .. })) if !bytes.is_empty() => {
                let left = self.rng.index(bytes.len());
                bytes.truncate(left);
                true
            }
            _ => false,
        };
        if !counts {
            return Some(reply);
        }
        self.troubles[trouble.index()] += 1;
        match trouble {
            Trouble::DoneThenError => told(Answer::ServerError),
            Trouble::AnswerLost => None,
            Trouble::OwnConflict => told(Answer::Taken),
            _ => Some(reply),
        }
    }
}

impl Bucket {
    async fn ask(&self, ask: Ask) -> Result<Reply> {
        match self.begin(ask).await {
            Ok(reply) => reply,
            // The answer was lost on its way: whoever waits does so for ever.
            Err(_) => std::future::pending().await,
        }
    }
}

fn missing(path: &Path) -> Error {
    Answer::Missing.error(path.as_ref()).expect("an answer with words")
}

#[cfg(test)]
mod tests;
