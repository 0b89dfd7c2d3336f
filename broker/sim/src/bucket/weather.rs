//! What goes wrong with a bucket's requests, when, and how often: drawn for each request as it begins. Pure.

use crate::random::Rng;

/// A way in which requests go wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Trouble {
    /// 500, nothing is done.
    Refused,
    /// 500, though it is done.
    DoneThenError,
    /// It is done and never answered.
    AnswerLost,
    /// A create finds nothing, stores nothing, and is answered 409.
    FalseConflict,
    /// A create stores its object and is answered that it is there already, as after a repetition on the way.
    OwnConflict,
    /// It neither arrives nor is answered.
    Hung,
    /// It arrives seconds later, when nobody waits for it any more.
    Late,
    /// 503 SlowDown.
    Throttled,
    /// The body of an answer ends early.
    CutShort,
    /// A listing is seconds old.
    StaleListing,
    /// It takes seconds.
    Slow,
    /// Everything is refused.
    Outage,
    /// Everything hangs.
    Unreachable,
}

/// All of them.
pub const TROUBLES: [Trouble; 13] = [
    Trouble::Refused,
    Trouble::DoneThenError,
    Trouble::AnswerLost,
    Trouble::FalseConflict,
    Trouble::OwnConflict,
    Trouble::Hung,
    Trouble::Late,
    Trouble::Throttled,
    Trouble::CutShort,
    Trouble::StaleListing,
    Trouble::Slow,
    Trouble::Outage,
    Trouble::Unreachable,
];

impl Trouble {
    /// Its name in counts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Refused => "bucket: request refused",
            Trouble::DoneThenError => "bucket: done, then an error",
            Trouble::AnswerLost => "bucket: done, answer lost",
            Trouble::FalseConflict => "bucket: conflict with nothing",
            Trouble::OwnConflict => "bucket: conflict with one's own write",
            Trouble::Hung => "bucket: hung request",
            Trouble::Late => "bucket: request arrived late",
            Trouble::Throttled => "bucket: throttled",
            Trouble::CutShort => "bucket: body cut short",
            Trouble::StaleListing => "bucket: stale listing",
            Trouble::Slow => "bucket: slow request",
            Trouble::Outage => "bucket: request in an outage",
            Trouble::Unreachable => "bucket: unreachable",
        }
    }

    /// Its place in [`TROUBLES`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Whether it can befall a request of this kind.
    fn befalls(self, kind: RequestKind) -> bool {
        match self {
            Trouble::FalseConflict | Trouble::OwnConflict => kind == RequestKind::Create,
            Trouble::CutShort => kind == RequestKind::Get,
            Trouble::StaleListing => kind == RequestKind::List,
            // What was done and is late or not told of matters only where something changes.
            Trouble::DoneThenError | Trouble::AnswerLost | Trouble::Late => {
                !matches!(kind, RequestKind::Get | RequestKind::List)
            }
            _ => true,
        }
    }
}

/// What a request is, as far as trouble cares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RequestKind {
    Create,
    Get,
    List,
    Other,
}

/// Trouble for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weather {
    /// Which.
    pub trouble: Trouble,
    /// From when on, in milliseconds since the simulation began.
    pub from_ms: u64,
    /// Until when.
    pub until_ms: u64,
    /// Of 100 requests that it can befall, how many it does.
    pub percent: u64,
}

/// What befalls a request that begins now.
pub(super) fn befalling(
    weather: &[Weather],
    now_ms: u64,
    kind: RequestKind,
    rng: &mut Rng,
) -> Option<Trouble> {
    weather
        .iter()
        .filter(|weather| (weather.from_ms..weather.until_ms).contains(&now_ms))
        .filter(|weather| weather.trouble.befalls(kind))
        .find(|weather| rng.chance(weather.percent))
        .map(|weather| weather.trouble)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_befalls_what_it_can_while_it_lasts() {
        let storm = |trouble| [Weather { trouble, from_ms: 10, until_ms: 20, percent: 100 }];
        let mut rng = Rng::new(1, 1);
        let mut find = |trouble, at, kind| befalling(&storm(trouble), at, kind, &mut rng);
        assert_eq!(find(Trouble::Hung, 10, RequestKind::List), Some(Trouble::Hung));
        assert_eq!(find(Trouble::Hung, 20, RequestKind::List), None);
        assert_eq!(find(Trouble::StaleListing, 10, RequestKind::Get), None);
        assert_eq!(find(Trouble::Late, 10, RequestKind::Get), None);
        assert_eq!(find(Trouble::FalseConflict, 10, RequestKind::Create), Some(Trouble::FalseConflict));
    }

    #[test]
    fn every_trouble_has_its_place() {
        for (index, trouble) in TROUBLES.into_iter().enumerate() {
            assert_eq!(trouble.index(), index);
        }
    }
}
