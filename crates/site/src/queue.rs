//! What is still to be asked for. What is named comes before what is guessed, files before pages; nothing is asked for
//! twice, and no more than the limit. Guesses have a limit of their own, of the same size: most of them lead nowhere.

use super::link::{Link, LinkKind, Surety};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use url::Url;

/// Jobs in one batch: what the first of them name comes ahead of what only the last ones lead to.
const BATCH: usize = 64;
/// So many more addresses than the limit are remembered.
const REMEMBERED: usize = 50_000;
/// So many of the addresses that are left out are listed.
const LISTED: usize = 3;

/// Something to ask for.
#[derive(Clone, Debug)]
pub struct FetchJob {
    pub url: Url,
    /// What is expected there.
    pub kind: LinkKind,
    pub surety: Surety,
    /// How many links away from the first page.
    pub depth: usize,
    /// What requests of its scripts are relative to; a page is that for its own.
    pub page: Arc<Url>,
}

/// The jobs of one site.
#[derive(Debug)]
pub struct JobQueue {
    limit: usize,
    /// Every address that was named, and how surely.
    seen: HashMap<String, Surety>,
    /// Every address that was asked for, or came back instead.
    done: HashSet<String>,
    named: VecDeque<FetchJob>,
    guessed: VecDeque<FetchJob>,
    pages: VecDeque<FetchJob>,
    asked: usize,
    guesses: usize,
    /// What is beyond the limit: a few addresses, and the number of all others.
    left_out: BTreeSet<String>,
    more_left_out: u64,
}

impl JobQueue {
    /// An empty queue that gives no more than so many jobs, and so many guesses.
    pub fn new(limit: usize) -> Self {
        JobQueue {
            limit,
            seen: HashMap::new(),
            done: HashSet::new(),
            named: VecDeque::new(),
            guessed: VecDeque::new(),
            pages: VecDeque::new(),
            asked: 0,
            guesses: 0,
            left_out: BTreeSet::new(),
            more_left_out: 0,
        }
    }

    /// Counts the first page, which is asked for without waiting.
    pub fn start(&mut self, url: &Url) {
        self.done.insert(url.to_string());
        self.asked = 1;
    }

    /// Whether an address is in the queue as surely as that, or was.
    pub fn knows(&self, link: &Link) -> bool {
        self.seen.get(link.url.as_str()).is_some_and(|&known| known >= link.surety)
    }

    /// Whether nothing came from an address so far; from now on something has.
    pub fn is_new(&mut self, url: &Url) -> bool {
        self.done.insert(url.to_string())
    }

    pub fn push(&mut self, job: FetchJob) {
        if self.seen.len() >= REMEMBERED + self.limit {
            return self.leave_out(&job.url);
        }
        self.seen.insert(job.url.to_string(), job.surety);
        match (job.kind, job.surety) {
            (LinkKind::Page, _) => self.pages.push_back(job),
            (_, Surety::Named) => self.named.push_back(job),
            (_, Surety::Guessed) => self.guessed.push_back(job),
        }
    }

    /// What to ask for next; nothing more when all time or room is spent.
    pub fn next_batch(&mut self, is_spent: bool) -> Option<Vec<FetchJob>> {
        loop {
            let (room, guesses) =
                (self.limit.saturating_sub(self.asked), self.limit.saturating_sub(self.guesses));
            let (queue, room) = match () {
                () if !self.named.is_empty() => (&mut self.named, room),
                () if !self.guessed.is_empty() => (&mut self.guessed, guesses),
                () if !self.pages.is_empty() => (&mut self.pages, room),
                () => return None,
            };
            let jobs: Vec<FetchJob> = queue.drain(..queue.len().min(BATCH)).collect();
            let mut batch: Vec<FetchJob> = jobs.into_iter().filter(|job| self.is_new(&job.url)).collect();
            let room = if is_spent { 0 } else { room };
            for job in batch.split_off(batch.len().min(room)) {
                self.leave_out(&job.url);
            }
            let guessed = batch.iter().filter(|job| job.surety == Surety::Guessed).count();
            self.guesses += guessed;
            self.asked += batch.len() - guessed;
            if !batch.is_empty() {
                return Some(batch);
            }
        }
    }

    fn leave_out(&mut self, url: &Url) {
        match self.left_out.len() < LISTED {
            true => drop(self.left_out.insert(url.to_string())),
            false => self.more_left_out += 1,
        }
    }

    /// What was left out, in words.
    pub fn left_out(&self) -> Option<String> {
        let listed = self.left_out.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.more_left_out {
            _ if listed.is_empty() => None,
            0 => Some(listed),
            more => Some(format!("{listed} and {more} more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(path: &str, kind: LinkKind, surety: Surety) -> FetchJob {
        let url = Url::parse("https://a.example/").unwrap().join(path).unwrap();
        FetchJob { page: Arc::new(url.clone()), url, kind, surety, depth: 0 }
    }

    fn batch(queue: &mut JobQueue) -> Vec<String> {
        let jobs = queue.next_batch(false).unwrap_or_default();
        jobs.iter().map(|job| job.url.path().to_owned()).collect()
    }

    #[test]
    fn what_is_surer_comes_first_and_nothing_twice() {
        let mut queue = JobQueue::new(10);
        queue.start(&job("/", LinkKind::Page, Surety::Named).url);
        for (path, kind, surety) in [
            ("/p", LinkKind::Page, Surety::Named),
            ("/g.js", LinkKind::Script, Surety::Guessed),
            ("/both.js", LinkKind::Script, Surety::Guessed),
            ("/n.js", LinkKind::Script, Surety::Named),
            ("/", LinkKind::Page, Surety::Named),
        ] {
            queue.push(job(path, kind, surety));
        }
        let both = job("/both.js", LinkKind::Script, Surety::Named);
        assert!(!queue.knows(&Link::named(both.url.clone(), both.kind)), "it was only guessed");
        queue.push(both);
        assert_eq!(batch(&mut queue), ["/n.js", "/both.js"]);
        assert_eq!(batch(&mut queue), ["/g.js"]);
        assert_eq!(batch(&mut queue), ["/p"]);
        assert!(queue.next_batch(false).is_none() && queue.left_out().is_none());
    }

    #[test]
    fn what_is_beyond_the_limit_is_told() {
        let mut queue = JobQueue::new(2);
        (0..6).for_each(|n| queue.push(job(&format!("/{n}.js"), LinkKind::Script, Surety::Named)));
        queue.push(job("/g.js", LinkKind::Script, Surety::Guessed));
        assert_eq!(batch(&mut queue), ["/0.js", "/1.js"]);
        assert_eq!(batch(&mut queue), ["/g.js"]);
        let told = queue.left_out().unwrap();
        assert!(told.starts_with("https://a.example/2.js, ") && told.ends_with(" and 1 more"), "{told}");
        queue.push(job("/late.js", LinkKind::Script, Surety::Guessed));
        assert!(queue.next_batch(true).is_none(), "there is no time left");
    }
}
