//! A node's knowledge of feeds, like `src/room/histories.rs`, and its start on a database that was restored, like
//! `src/housekeeping/origin.rs`.

use super::database::Database;
use super::node::What;
use super::rules::Rule;
use super::world::{Happening, World, restaurants};
use orderbell::domain::model::history::{Comparison, Head, Known, Standing};
use orderbell::domain::values::ids::{Generation, RestaurantId};

/// The time in which other running nodes can compare their knowledge with the database.
const GRACE: i64 = 2000;

impl World {
    /// Records that a node delivers an event. Returns false if the node must not deliver it.
    pub fn record(&mut self, node: usize, restaurant: RestaurantId, at: Standing) -> bool {
        let known = self.nodes[node].known.entry(restaurant).or_insert_with(|| Known::new(at.generation, at.last));
        known.deliver(at)
    }

    /// Records where a feed begins, if nothing is known of it.
    pub fn begin(&mut self, node: usize, restaurant: RestaurantId, at: Standing) {
        self.nodes[node].known.entry(restaurant).or_insert_with(|| Known::new(at.generation, at.last));
    }

    /// Requests a comparison of a feed, by the last event that the node has delivered.
    pub fn doubt(&mut self, node: usize, restaurant: RestaurantId, at: Standing) {
        if let Some(known) = self.nodes[node].known.get_mut(&restaurant) {
            known.doubt(at);
        }
        self.request(node, restaurant);
    }

    /// Records that a node may show everything up to an event.
    pub fn show_up_to(&mut self, node: usize, restaurant: RestaurantId, at: Standing) {
        if let Some(known) = self.nodes[node].known.get_mut(&restaurant) {
            known.show(at);
        }
    }

    /// Requests a comparison of a feed.
    pub fn request(&mut self, node: usize, restaurant: RestaurantId) {
        if self.nodes[node].doubted.insert(restaurant) {
            self.soon(node, 1..=100, What::CompareDoubted);
        }
    }

    pub fn compare_doubted(&mut self, node: usize) {
        let doubted = std::mem::take(&mut self.nodes[node].doubted);
        self.compare_these(node, doubted.into_iter().collect(), false);
    }

    /// Compares all feeds that a node knows, because its connections lead to another server.
    pub fn compare_known(&mut self, node: usize) {
        let known = self.nodes[node].known.keys().copied().collect();
        self.compare_these(node, known, true);
    }

    /// Reads the heads of feeds, each with the events that the node knows.
    pub fn compare_these(&mut self, node: usize, restaurants: Vec<RestaurantId>, is_all: bool) {
        let of = &self.nodes[node].known;
        let known: Vec<_> = restaurants.into_iter().filter_map(|id| Some((id, of.get(&id)?.clone()))).collect();
        self.read(node, move |database| {
            let heads = database.map(|database| {
                let head = |(id, known): (RestaurantId, Known)| {
                    let head = database.head_and(id, known.positions());
                    (id, known, head)
                };
                known.into_iter().map(head).collect()
            });
            What::Compared(is_all, heads)
        });
    }

    /// Judges feeds by their heads in the database.
    pub fn judge_these(&mut self, node: usize, is_all: bool, heads: Option<Vec<(RestaurantId, Known, Head)>>) {
        let Some(heads) = heads.filter(|_| self.has_database) else {
            return self.soon(node, 100..=500, if is_all { What::CompareKnown } else { What::CompareNow });
        };
        for (restaurant, known, head) in heads {
            match self.judge(node, restaurant, &known, &head) {
                None => self.note_head(node, restaurant, head.last.position),
                Some(_) => self.soon(node, 0..=3, What::End(restaurant, head.last)),
            }
        }
        if is_all {
            self.database.origin = self.origin;
        }
    }

    /// Compares a feed in the database with a node's knowledge, like `Histories::judge`. Returns the feed's generation if it
    /// differs.
    fn judge(&mut self, node: usize, restaurant: RestaurantId, known: &Known, head: &Head) -> Option<Generation> {
        let is_compared = self.keeps(Rule::HistoriesAreCompared);
        let generation = match if is_compared { known.compare(head) } else { Comparison::Same } {
            Comparison::Same => {
                self.show_up_to(node, restaurant, Standing { generation: known.generation, last: head.last });
                return None;
            }
            Comparison::Renewed => head.generation?,
            Comparison::Rewritten => {
                let next = Generation::after(known.generation.max(head.generation), self.id());
                self.database.begin_generation(restaurant, head.generation, next)?
            }
        };
        let is_new = self.nodes[node].known.get_mut(&restaurant).is_some_and(|now| now.renew(known, generation));
        if is_new {
            self.note(|| format!("node {node} finds the history of {restaurant} rewritten"));
        }
        is_new.then_some(generation)
    }

    /// Learns the start of a feed from its head, like `Histories::read`.
    pub fn learn(&mut self, node: usize, restaurant: RestaurantId, known: Option<&Known>, head: &Head) -> Option<Standing> {
        let Head { generation, last, .. } = *head;
        let Some(known) = known else {
            self.begin(node, restaurant, Standing { generation, last });
            return Some(Standing { generation, last });
        };
        if !self.has_database {
            return None;
        }
        let renewed = self.judge(node, restaurant, known, head);
        Some(Standing { generation: renewed.or(generation), last })
    }

    /// Opens a node if the database is still on the recorded server. Otherwise other running nodes first get time to compare
    /// their knowledge. If the database is still on another server after that, every feed begins a generation.
    pub fn examine(&mut self, node: usize, is_again: bool) {
        if !self.has_database {
            return self.soon(node, 100..=500, What::Examine(is_again));
        }
        if self.database.origin != self.origin && self.keeps(Rule::StartsAreExamined) {
            if !is_again {
                return self.soon(node, GRACE..=GRACE, What::Examine(true));
            }
            let fresh = self.id();
            self.database.begin_generations(fresh);
        }
        self.database.origin = self.origin;
        self.nodes[node].is_open = true;
    }

    /// Returns whether every node knows, for each restaurant, a position that the standby lacks, if it lacks any. A node without
    /// such a position accepts a cursor at a lost event without a tag, until it hears of the new generation.
    fn is_known(&self, standby: &Database) -> bool {
        let is_lost = |id: &RestaurantId| self.database.head(*id) > standby.head(*id);
        restaurants().iter().filter(|id| is_lost(id)).all(|id| {
            let knows = |known: &Known| known.positions().any(|position| position > standby.head(*id));
            self.nodes.iter().all(|node| node.known.get(id).is_some_and(knows))
        })
    }

    /// Replaces the database by the standby's copy. The database is unreachable for a moment.
    pub fn rewrite(&mut self) {
        if !self.has_tags && self.standby.as_ref().is_some_and(|standby| !self.is_known(standby)) {
            return self.later(20..=80, Happening::Rewrite);
        }
        let Some(standby) = self.standby.take().filter(|_| !self.is_calm) else { return };
        self.note(|| "the database loses its end".into());
        self.branch(&standby);
        self.past.push(std::mem::replace(&mut self.database, standby));
        self.origin += 1;
        self.has_database = false;
        if self.chance.in_hundred(30) {
            (0..self.nodes.len()).for_each(|node| self.die(node));
        }
        self.later(20..=400, Happening::Database(true));
        // The nodes are busy meanwhile.
        (0..self.clients.len()).for_each(|client| self.later(0..=800, Happening::Act(client)));
    }
}
