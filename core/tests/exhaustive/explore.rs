//! Through the sequences of inputs: all of the short ones, and long ones at random.

use crate::alphabet::Step::{
    Deregister, Link, Long, Pool, Reboot, RegisterForce, RegisterRefused, RegisterThenCut, Remove,
    Use,
};
use crate::alphabet::{DAY, DEFAULT, QUICK, Scale, Step};
use crate::compare::differences;
use crate::model::Model;
use crate::tables::{self, Observed};
use crate::world::{Seats, World, definition, no_use, switched_off};
use core::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// What walks found out.
#[derive(Default)]
struct Found {
    sequences: u64,
    observed: Observed,
    /// In words, one for each sequence after which device and model differ.
    differences: Vec<String>,
}

impl Found {
    fn merge(&mut self, mut other: Self) {
        self.sequences += other.sequences;
        self.observed.merge(other.observed);
        self.differences.append(&mut other.differences);
    }

    /// What was seen, if nothing was wrong.
    fn without_differences(mut self) -> Observed {
        self.differences.sort_by_key(String::len);
        let count = self.differences.len();
        if let Some(first) = self.differences.first() {
            panic!("{count} of {} sequences differ; the shortest {first}", self.sequences);
        }
        self.observed
    }
}

/// One walk, and the sequences that begin as it does.
struct Walk {
    path: Vec<Step>,
    found: Found,
}

impl Walk {
    const fn new(found: Found) -> Self {
        Self { path: Vec::new(), found }
    }

    /// Plays every sequence of as many more inputs as there are counters in `forks`; those of
    /// `prefix` first.
    fn deeper<'a>(
        &mut self,
        world: &World<'a>,
        model: &Model,
        prefix: &[Step],
        forks: &'a [Seats<'a>],
    ) {
        let Some((counters, forks)) = forks.split_first() else {
            self.found.sequences += 1;
            return;
        };
        let (steps, prefix) = match prefix {
            [step, rest @ ..] => (core::slice::from_ref(step), rest),
            [] => (Step::ALL.as_slice(), prefix),
        };
        for &step in steps {
            let (mut world, mut model) = (world.fork(counters), model.clone());
            // What follows from a difference would only be more of them.
            if self.play(&mut world, &mut model, step) {
                self.deeper(&world, &model, prefix, forks);
            }
            self.path.pop();
        }
    }

    /// Plays one input on device and model; says whether they agree.
    fn play(&mut self, world: &mut World<'_>, model: &mut Model, step: Step) -> bool {
        self.path.push(step);
        let accepted = world.play(step, &mut self.found.observed);
        let must = model.play(step, world.time, &world.contacts);
        let mut wrong = differences(world, model);
        if accepted != must {
            wrong.push(format!("carried out: the device says {accepted}, the rules {must}"));
        }
        if wrong.is_empty() {
            return true;
        }
        self.found.differences.push(format!(
            "after {:?}\n  {}\ncontacts of the last step: {:#?}\ndevice: {:#?}\nrules: {model:#?}",
            self.path,
            wrong.join("\n  "),
            world.contacts,
            world.agent.status(),
        ));
        false
    }
}

/// Runs `walk` for each number below `count`, on as many threads as the machine has cores.
fn in_parallel(count: u64, walk: impl Fn(u64) -> Found + Sync) -> Found {
    let next = AtomicU64::new(0);
    let work = || {
        let mut found = Found::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return found;
            }
            found.merge(walk(number));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut found = Found::default();
        for worker in started {
            found.merge(worker.join().unwrap());
        }
        found
    })
}

/// Plays every sequence of `depth` inputs, at least two.
fn every_sequence(scale: &Scale, depth: usize) -> Found {
    let classes = Step::ALL.len() as u64;
    let found = in_parallel(classes * classes, |number| {
        let prefix = [number / classes, number % classes].map(|index| Step::ALL[index as usize]);
        let definition = definition(scale);
        let (none, first) = (no_use(), no_use());
        let forks: Vec<Seats<'_>> = (0..depth).map(|_| no_use()).collect();
        let off = switched_off(&definition, &none);
        let world = World::new(scale, &off, &first);
        let mut walk = Walk::new(Found::default());
        walk.deeper(&world, &Model::new(scale), &prefix, &forks);
        walk.found
    });
    if found.differences.is_empty() {
        assert_eq!(found.sequences, classes.pow(depth as u32));
    }
    found
}

/// Plays one sequence, as far as device and model agree.
fn one_sequence(scale: &Scale, steps: impl IntoIterator<Item = Step>) -> Found {
    let definition = definition(scale);
    let (none, first) = (no_use(), no_use());
    let off = switched_off(&definition, &none);
    let (mut world, mut model) = (World::new(scale, &off, &first), Model::new(scale));
    let mut walk = Walk::new(Found { sequences: 1, ..Found::default() });
    let _ = steps.into_iter().all(|step| walk.play(&mut world, &mut model, step));
    walk.found
}

/// Plays `count` random sequences of `length` inputs.
fn random_sequences(scale: &Scale, count: u64, length: usize) -> Found {
    in_parallel(count, |number| {
        let mut random = number;
        let steps = (0..length).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Step::ALL[(random >> 33) as usize % Step::ALL.len()]
        });
        one_sequence(scale, steps)
    })
}

/// Longer ones that show what none of six inputs shows.
const RARE: [&[Step]; 9] = [
    &[Pool, RegisterForce, Use, Link, Long, Long, Link, Reboot],
    &[Use, Long, Long, RegisterForce, Link, Long, Long, Link, Remove, Long],
    &[Use, Use, RegisterForce, Deregister, RegisterThenCut, Long, Use, Long, Link, Reboot],
    &[
        Pool,
        RegisterThenCut,
        Pool,
        Pool,
        Link,
        RegisterForce,
        Use,
        RegisterThenCut,
        Long,
        Long,
        Link,
        RegisterRefused,
        Link,
        Long,
    ],
    &[
        RegisterThenCut,
        Link,
        Use,
        Link,
        Use,
        Link,
        RegisterForce,
        RegisterThenCut,
        Long,
        Long,
        Use,
        Link,
        RegisterRefused,
        Link,
        Long,
    ],
    &[Use, Long, Long, RegisterThenCut, Link, Long, Long, Long, Link, Long, Long],
    &[RegisterThenCut, Link, Long, Long, Long, Link, Long, Long],
    &[RegisterThenCut, Long, Long, Link, Use, RegisterRefused, Link, Long],
    &[RegisterThenCut, Long, Long, Link, RegisterRefused, Link, Long],
];

#[test]
fn every_sequence_of_six_inputs_leads_where_the_rules_lead() {
    let mut observed = every_sequence(&QUICK, 6).without_differences();
    observed.merge(random_sequences(&QUICK, 2_000, 60).without_differences());
    for sequence in RARE {
        observed.merge(one_sequence(&QUICK, sequence.iter().copied()).without_differences());
    }
    tables::check(&observed);
}

#[test]
fn the_default_numbers_lead_where_the_rules_lead() {
    every_sequence(&DEFAULT, 4).without_differences();
    for long in [31 * DAY, 91 * DAY, 125 * DAY] {
        random_sequences(&Scale { long, ..DEFAULT }, 40, 60).without_differences();
    }
}
