//! What an agent asks of its platform, until it waits.

use super::World;
use super::checks::Held;
use crate::step::{AnswerTwist, Link, Saying};
use crate::storage::Written;
use crate::{OUTPUTS_MAX, TOLD, keyed_hash::KeyedHash};
use leasehold_core::agent::{EventKind, Input, Output, RecordKind, TransportError};
use leasehold_core::wire::RequestFrame;

impl World<'_> {
    /// Does what the agent asks until it waits.
    pub(super) fn settle(&mut self) {
        self.check();
        if let Some((record, written)) = self.storage.end_write() {
            self.written(record, written);
        }
        for _ in 0..OUTPUTS_MAX {
            if !self.powered {
                return;
            }
            let output = self.agent.poll_output(&mut self.buffer);
            if *TOLD {
                eprintln!("    {output:?}");
            }
            match output {
                Output::Wait(at) => {
                    self.wake_at = at.map(|at| self.clocks.at(at));
                    return self.check_rest();
                }
                Output::Event(event) => {
                    let missing = match event.kind {
                        EventKind::EventsLost { count } => count,
                        _ => 0,
                    };
                    // SPEC M3
                    assert_eq!(event.sequence, self.next_event + missing, "{event:?}");
                    self.next_event = event.sequence + 1;
                }
                Output::NeedEntropy => {
                    let seed = self.seed(0x5a);
                    self.tell(Input::Entropy(&seed));
                }
                Output::Persist { record, slot, length } => {
                    if record == RecordKind::Identity {
                        self.held[1] = Held::of(&self.agent);
                    }
                    if let Some(written) = self.storage.write(record, slot, &self.buffer[..length])
                    {
                        self.written(record, written);
                    }
                }
                Output::RaiseCounter { to } => match self.storage.raise(to) {
                    Written::Done => {
                        self.checked = None;
                        self.tell(Input::CounterRaised(to));
                    }
                    Written::Failed => self.tell(Input::CounterFailed),
                    Written::Cut => self.powered = false,
                },
                Output::Transmit { length } => self.transmit(length),
            }
        }
        panic!("the agent never waits");
    }

    fn tell(&mut self, input: Input<'_>) {
        let _ = self.agent.handle_input(self.clocks.now(), input);
        self.check();
    }

    fn written(&mut self, record: RecordKind, written: Written) {
        match written {
            Written::Done => {
                if record == RecordKind::Identity {
                    self.held[0] = self.held[1];
                    self.checked = None;
                }
                self.tell(Input::Persisted(record));
            }
            Written::Failed => self.tell(Input::PersistFailed(record)),
            Written::Cut => self.powered = false,
        }
    }

    fn transmit(&mut self, length: usize) {
        {
            let bytes = &self.buffer[..length];
            let frame = RequestFrame::parse(&KeyedHash, bytes).expect("a device's own request");
            self.requests.check(&frame, bytes);
            self.manager.take(&frame);
        }
        match self.link {
            Link::Silent => {}
            Link::Down => self.tell(Input::TransportFailed(TransportError::Unreachable)),
            Link::Up => {
                let answer = self.answer(&Saying::Fitting, AnswerTwist::Nothing);
                self.tell(Input::Received(&answer.text));
            }
        }
    }
}
