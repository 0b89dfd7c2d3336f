//! Random problems: what `plan`, `rebalance`, `drain` and `steps` promise, and small ones against all layouts there
//! are.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use broker_placement::{
    Action, Broker, BrokerId, Change, Layout, Loads, PlanError, Problem, RebalanceLimits, Step, Topic, drain,
    plan, rebalance, steps, uneven_partitions,
};
use proptest::prelude::*;

#[path = "random_problems/oracle.rs"]
mod oracle;

/// A problem with a layout before it, both of which may be anything that the types allow.
#[derive(Clone, Debug)]
struct Case {
    brokers: Vec<Broker>,
    others: Layout,
    previous: Layout,
    partitions: usize,
    replication_factor: usize,
}

impl Case {
    fn other_loads(&self) -> Loads {
        loads(&self.others)
    }

    fn problem<'a>(&'a self, other_loads: &'a Loads) -> Problem<'a> {
        let (partitions, replication_factor) = (self.partitions, self.replication_factor);
        Problem { brokers: &self.brokers, partitions, replication_factor, other_loads }
    }

    fn plan(&self, previous: &Layout) -> Result<Layout, PlanError> {
        plan(&self.problem(&self.other_loads()), previous)
    }

    fn rebalance(&self, previous: &Layout, moves_max: usize) -> (Layout, usize) {
        let limits = RebalanceLimits { moves_max, total_tolerance: 1 };
        let answer =
            rebalance(&self.problem(&self.other_loads()), previous, limits).expect("a plan is possible");
        (answer.layout, answer.moves)
    }

    fn accepting(&self) -> Vec<&Broker> {
        self.brokers.iter().filter(|broker| !broker.is_draining).collect()
    }

    /// Whether the layout is made from nothing, on racks of one size.
    fn is_regular(&self) -> bool {
        let mut racks: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        self.accepting().iter().for_each(|broker| *racks.entry(broker.rack.as_deref()).or_default() += 1);
        self.previous == Layout::default() && racks.values().collect::<BTreeSet<_>>().len() <= 1
    }
}

fn loads(layout: &Layout) -> Loads {
    let mut loads = Loads::default();
    loads.add(layout);
    loads
}

/// Brokers 0 to `brokers_max - 1`, some of them away, some draining, in up to three racks or none.
fn any_brokers(brokers_max: i32) -> impl Strategy<Value = Vec<Broker>> {
    let seat = (0..12_u8, prop_oneof![4 => 0..3_usize, 1 => Just(3)]);
    (prop::collection::vec(seat, 1..=brokers_max as usize), any::<bool>()).prop_map(|(seats, has_racks)| {
        let present = (0..).zip(seats).filter(|(_, (state, _))| *state > 0);
        let broker = |(id, (state, rack)): (i32, (u8, usize))| Broker {
            id: BrokerId(id),
            rack: ["a", "b", "c"].get(rack).filter(|_| has_racks).map(|rack| (*rack).to_owned()),
            is_draining: state == 1,
        };
        present.map(broker).collect()
    })
}

/// Replicas on brokers 0 to `brokers_max - 1`, up to `factor_max` for each partition, not always as many.
fn any_layout(brokers_max: i32, partitions_max: usize, factor_max: usize) -> impl Strategy<Value = Layout> {
    let ids: Vec<BrokerId> = (0..brokers_max).map(BrokerId).collect();
    let factor_max = factor_max.min(ids.len());
    let replicas = prop::sample::subsequence(ids, 1..=factor_max).prop_shuffle();
    prop::collection::vec(replicas, 0..=partitions_max)
        .prop_map(|partitions| Layout::new(partitions).expect("a subsequence names nobody twice"))
}

fn any_case(brokers_max: i32, partitions_max: usize, factor_max: usize) -> impl Strategy<Value = Case> {
    let previous = prop_oneof![
        Just(Layout::default()),
        any_layout(brokers_max, partitions_max, factor_max),
        any_layout(brokers_max, partitions_max, factor_max),
    ];
    let others = any_layout(brokers_max, 2 * partitions_max, factor_max);
    let numbers = (0..=partitions_max, 1..=factor_max);
    (any_brokers(brokers_max), others, previous, numbers).prop_map(
        move |(brokers, others, previous, (more, replication_factor))| {
            let before = previous.partitions().len();
            let partitions = (before + more).clamp(1, partitions_max.max(before));
            Case { brokers, others, previous, partitions, replication_factor }
        },
    )
}

/// A case that has an answer.
fn possible_case(brokers_max: i32, partitions_max: usize, factor_max: usize) -> impl Strategy<Value = Case> {
    any_case(brokers_max, partitions_max, factor_max).prop_filter_map("too few brokers", |mut case| {
        case.replication_factor = case.replication_factor.min(case.accepting().len());
        (case.replication_factor > 0).then_some(case)
    })
}

/// A topic from nothing, on up to four racks of up to four brokers each.
fn regular_case() -> impl Strategy<Value = Case> {
    let numbers = (1..=30_usize, 1..=16_usize, 1..=4_i32, 1..=4_i32);
    (any_layout(16, 30, 5), numbers).prop_map(|(others, (partitions, factor, racks, size))| {
        let rack = |id: i32| Some((id % racks).to_string());
        let brokers =
            (0..racks * size).map(|id| Broker { id: BrokerId(id), rack: rack(id), is_draining: false });
        let brokers: Vec<Broker> = brokers.collect();
        let replication_factor = factor.min(brokers.len());
        Case { brokers, others, previous: Layout::default(), partitions, replication_factor }
    })
}

/// How far apart the brokers that accept replicas are, in replicas and in leaders.
fn spread(case: &Case, layouts: &[&Layout]) -> (u64, u64) {
    let mut loads = Loads::default();
    layouts.iter().for_each(|layout| loads.add(layout));
    let of = |count: fn(broker_placement::Load) -> u64| {
        let counts = case.accepting().into_iter().map(|broker| count(loads.of(broker.id)));
        let (least, most) = counts.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
        most.saturating_sub(least)
    };
    (of(|load| load.replicas), of(|load| load.leaders))
}

/// Applies `step`, and checks that it does what it says and leaves enough replicas.
fn take_step(layouts: &mut [Vec<BrokerId>], change: &Change, step: &Step) {
    let before = layouts.get(step.partition).cloned().unwrap_or_default();
    let set = |replicas: &[BrokerId]| replicas.iter().copied().collect::<BTreeSet<_>>();
    match &step.action {
        Action::Create => assert_eq!(before, []),
        Action::Add(added) => assert_eq!(step.replicas, [before.as_slice(), added].concat()),
        Action::Remove(removed) => {
            assert!(!removed.contains(&before[0]), "a leader is not removed: {step:?}");
            let left: Vec<_> = before.iter().copied().filter(|broker| !removed.contains(broker)).collect();
            assert_eq!(step.replicas, left);
        }
        Action::Lead(leader) => {
            assert_eq!(step.replicas[0], *leader);
            assert_eq!(set(&step.replicas), set(&before));
        }
    }
    let from = change.from.partitions().get(step.partition).map_or(0, Vec::len);
    let to = change.to.partitions()[step.partition].len();
    assert!(step.replicas.len() >= if from == 0 { to } else { from.min(to) }, "{step:?}");
    layouts[step.partition].clone_from(&step.replicas);
}

/// All layouts on the way of `change`, one after each batch; the last is where it leads to.
fn layouts_on_the_way(change: &Change, adds_max: usize) -> Vec<Layout> {
    let adds_max = NonZeroUsize::new(adds_max).expect("at least one");
    let mut partitions = change.from.partitions().to_vec();
    partitions.resize_with(change.to.partitions().len(), Vec::new);
    let mut layouts = Vec::new();
    for batch in steps(std::slice::from_ref(change), adds_max).expect("no partition is taken away") {
        let concerned: BTreeSet<usize> = batch.iter().map(|step| step.partition).collect();
        assert_eq!(concerned.len(), batch.len(), "the steps of a batch concern different partitions");
        assert!(!batch.is_empty());
        let adds =
            batch.iter().map(|step| if let Action::Add(added) = &step.action { added.len() } else { 0 });
        assert!(adds.sum::<usize>() <= adds_max.get());
        batch.iter().for_each(|step| take_step(&mut partitions, change, step));
        let exist = partitions.iter().filter(|replicas| !replicas.is_empty()).cloned().collect();
        layouts.push(Layout::new(exist).expect("steps name no broker twice"));
    }
    assert_eq!(layouts.last().unwrap_or(&change.from), &change.to, "the steps lead to the end");
    layouts
}

/// How many replicas the way from `from` to `to` copies.
fn copies(from: &Layout, to: &Layout) -> usize {
    let pairs = from.partitions().iter().zip(to.partitions());
    pairs.map(|(from, to)| to.iter().filter(|broker| !from.contains(broker)).count()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    // `plan` and `rebalance` assert distinct brokers, racks, and that nothing moves without need, by themselves.
    #[test]
    fn a_plan_is_possible_exactly_with_enough_brokers(case in any_case(12, 30, 5)) {
        match case.plan(&case.previous) {
            Ok(_) => prop_assert!(case.accepting().len() >= case.replication_factor),
            Err(PlanError::NoBrokers) => prop_assert!(case.brokers.is_empty()),
            Err(PlanError::TooFewBrokers { accepting, draining, .. }) => {
                prop_assert_eq!(accepting, case.accepting().len());
                prop_assert_eq!(accepting + draining.len(), case.brokers.len());
                prop_assert!(accepting < case.replication_factor);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn planning_and_rebalancing_again_change_nothing(case in possible_case(12, 30, 5)) {
        let planned = case.plan(&case.previous)?;
        prop_assert_eq!(&case.plan(&planned)?, &planned);
        let (balanced, _) = case.rebalance(&planned, usize::MAX);
        prop_assert_eq!(&case.plan(&balanced)?, &balanced);
        prop_assert_eq!(case.rebalance(&balanced, usize::MAX), (balanced, 0));
    }

    #[test]
    fn the_order_of_brokers_does_not_matter(case in possible_case(12, 30, 5)) {
        let planned = case.plan(&case.previous)?;
        let reversed = Case { brokers: case.brokers.iter().rev().cloned().collect(), ..case.clone() };
        prop_assert_eq!(reversed.plan(&case.previous)?, planned);
    }

    #[test]
    fn a_topic_from_nothing_on_racks_of_one_size_lies_within_one(case in regular_case()) {
        prop_assert!(case.is_regular());
        let planned = case.plan(&case.previous)?;
        let (replicas, leaders) = spread(&case, &[&planned]);
        prop_assert!(replicas <= 1 && leaders <= 1, "{replicas} {leaders} {planned:?}");
        let racks: BTreeSet<_> = case.brokers.iter().map(|broker| &broker.rack).collect();
        let (before, after) = (spread(&case, &[&case.others]), spread(&case, &[&case.others, &planned]));
        let is_no_further_apart = after.0 <= before.0.max(1);
        prop_assert!(is_no_further_apart || racks.len() > 1, "of all topics: {before:?} {after:?}");
    }

    #[test]
    fn a_rebalance_mends_racks_and_counts_whatever_was_there(case in possible_case(12, 30, 5)) {
        let (balanced, _) = case.rebalance(&case.previous, usize::MAX);
        prop_assert_eq!(uneven_partitions(&case.brokers, &balanced), Vec::<usize>::new());
        let fresh = Case { previous: Layout::default(), ..case };
        if fresh.is_regular() {
            let (replicas, leaders) = spread(&fresh, &[&balanced]);
            prop_assert!(replicas <= 1 && leaders <= 1, "{replicas} {leaders} {balanced:?}");
        }
    }

    #[test]
    fn a_bounded_rebalance_gets_there_step_by_step(case in possible_case(8, 12, 3), moves_max in 3..6_usize) {
        let mut layout = case.plan(&case.previous)?;
        let (whole, _) = case.rebalance(&layout, usize::MAX);
        for _ in 0..200 {
            let (next, moves) = case.rebalance(&layout, moves_max);
            prop_assert!(moves <= moves_max);
            prop_assert!(copies(&layout, &next) <= moves);
            layout = next;
            if moves == 0 {
                break;
            }
        }
        prop_assert_eq!(oracle::replica_cost(&case, &layout), oracle::replica_cost(&case, &whole));
    }

    #[test]
    fn steps_lead_safely_from_any_layout_to_the_planned_one(case in possible_case(8, 10, 4), adds_max in 1..5_usize) {
        let to = case.plan(&case.previous)?;
        let change = Change { topic: "t".to_owned(), from: case.previous.clone(), to };
        layouts_on_the_way(&change, adds_max);
    }

    #[test]
    fn planning_again_on_the_way_copies_only_what_is_left(case in possible_case(8, 10, 4), adds_max in 1..5_usize) {
        let to = case.plan(&case.previous)?;
        let change = Change { topic: "t".to_owned(), from: case.previous.clone(), to };
        for halfway in layouts_on_the_way(&change, adds_max) {
            let again = case.plan(&halfway)?;
            prop_assert_eq!(copies(&halfway, &again), copies(&halfway, &change.to));
        }
    }

    #[test]
    fn a_drain_empties_one_broker_and_nothing_else_moves(
        brokers in any_brokers(8),
        layouts in prop::collection::vec(any_layout(8, 8, 4), 1..4),
        replication_factor in 1..4_usize,
    ) {
        prop_assume!(!brokers.is_empty());
        let leaving = brokers[0].id;
        let topic = |(name, layout)| (format!("t{name}"), Topic { layout, replication_factor });
        let topics: BTreeMap<String, Topic> = (0..).zip(layouts).map(topic).collect();
        let changes = match drain(&brokers, &topics, leaving) {
            Ok(changes) => changes,
            Err(PlanError::DrainBlocked { accepting, .. }) => {
                prop_assert!(accepting < replication_factor);
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        for change in &changes {
            prop_assert_eq!(&change.from, &topics[&change.topic].layout);
            for (from, to) in change.from.partitions().iter().zip(change.to.partitions()) {
                if !from.contains(&leaving) {
                    prop_assert_eq!(from, to);
                    continue;
                }
                prop_assert!(!to.contains(&leaving));
                prop_assert_eq!(to.len(), replication_factor);
                let staying = from.iter().filter(|broker| **broker != leaving);
                let stayed = staying.clone().filter(|broker| to.contains(broker)).count();
                prop_assert_eq!(stayed, replication_factor.min(staying.count()));
            }
            let came = change.to.partitions().iter().flatten().filter(|id| {
                !brokers.iter().any(|broker| broker.id == **id && !broker.is_draining)
            });
            let were = change.from.partitions().iter().flatten().collect::<BTreeSet<_>>();
            prop_assert!(came.clone().all(|broker| were.contains(broker)), "nothing goes to draining brokers");
        }
        let changed: BTreeSet<&String> = changes.iter().map(|change| &change.topic).collect();
        for (name, topic) in &topics {
            let concerned = topic.layout.partitions().iter().flatten().any(|broker| *broker == leaving);
            prop_assert_eq!(changed.contains(name), concerned);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_layout_of_a_small_problem_is_more_even_than_the_planned_one(case in possible_case(5, 4, 3)) {
        let planned = case.plan(&case.previous)?;
        prop_assert_eq!(oracle::replica_cost(&case, &planned), oracle::least_replica_cost(&case));
        prop_assert_eq!(oracle::leader_cost(&case, &planned), oracle::least_leader_cost(&case, &planned));
    }

    #[test]
    fn no_layout_of_a_small_problem_is_more_even_than_a_rebalanced_one(case in possible_case(5, 4, 3)) {
        let (balanced, _) = case.rebalance(&case.previous, usize::MAX);
        let free = Case { previous: Layout::default(), ..case.clone() };
        prop_assert_eq!(oracle::replica_cost(&case, &balanced), oracle::least_replica_cost(&free));
        prop_assert_eq!(oracle::leader_cost(&case, &balanced), oracle::least_leader_cost(&free, &balanced));
    }

    #[test]
    fn a_rebalance_of_a_topic_alone_without_racks_moves_as_little_as_can_be(case in possible_case(6, 12, 3)) {
        let mut case = Case { others: Layout::default(), ..case };
        case.brokers.iter_mut().for_each(|broker| broker.rack = None);
        let planned = case.plan(&case.previous)?;
        let (_, moves) = case.rebalance(&planned, usize::MAX);
        let loads = loads(&planned);
        let counts: Vec<u64> = case.accepting().iter().map(|b| loads.of(b.id).replicas).collect();
        let least = counts.iter().sum::<u64>() / counts.len() as u64;
        let most = counts.iter().sum::<u64>().div_ceil(counts.len() as u64);
        let excess: u64 = counts.iter().map(|count| count.saturating_sub(most)).sum();
        let lack: u64 = counts.iter().map(|count| least.saturating_sub(*count)).sum();
        prop_assert_eq!(moves as u64, excess.max(lack));
    }
}
