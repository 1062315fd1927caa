//! Many tokens asked about at once. Takes [`Question`]s, each with what its token may read, best first; sends each text
//! that has to be known, a few at a time, and those that are refused again, as [`super::liveness`] has it; gives
//! [`Answers`]. Decides nothing about what an answer means for a token that has several readings.

use super::liveness::{AnswerMeaning, Liveness, Observation, REFUSALS, conclude};
use super::rate_limiter::CallBounds;
use super::{Krea, WORKERS};
use krea_scan_token::{Fingerprint, Token};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// One token to ask about.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it may read, best first. They are asked in turn until one is live.
    readings: Vec<Token>,
    /// How many refusals are *dead*.
    wanted: usize,
}

impl Question {
    /// A token with one reading.
    pub fn of(token: &Token) -> Question {
        Question::among(vec![token.clone()])
    }

    /// A token with these readings, best first.
    pub fn among(readings: Vec<Token>) -> Question {
        Question { readings, wanted: REFUSALS }
    }

    /// A token that was dead a moment ago: one more refusal says that it still is.
    pub fn still_dead(token: &Token) -> Question {
        Question { readings: vec![token.clone()], wanted: 1 }
    }
}

/// What came of asking: for each text that was asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<Fingerprint, Liveness>);

impl Answers {
    /// What is known of a text; `None` when it was not asked about, because a better reading is live.
    pub fn of(&self, token: &Token) -> Option<&Liveness> {
        self.0.get(&token.fingerprint())
    }

    /// Adds what was asked at another time; it wins.
    pub fn extend(&mut self, later: Answers) {
        self.0.extend(later.0);
    }
}

impl FromIterator<(Fingerprint, Liveness)> for Answers {
    fn from_iter<T: IntoIterator<Item = (Fingerprint, Liveness)>>(answers: T) -> Self {
        Answers(answers.into_iter().collect())
    }
}

/// What was observed of a text.
struct Asked<'a> {
    token: &'a Token,
    wanted: usize,
    observations: Vec<Observation>,
}

impl Asked<'_> {
    /// Whether nothing but refusals was observed, and more of them are needed.
    fn is_open(&self) -> bool {
        self.observations.len() < self.wanted
            && self.observations.iter().all(|seen| seen.said == AnswerMeaning::Refused)
    }

    fn is_accepted(&self) -> bool {
        self.observations.iter().any(|seen| seen.said == AnswerMeaning::Accepted)
    }
}

/// One call of [`Krea::answers`].
struct Asking<'a> {
    krea: &'a Krea,
    questions: &'a [Question],
    /// By text.
    asked: BTreeMap<Fingerprint, Asked<'a>>,
    run: CallBounds,
    /// Whether the host does anything but refuse, as far as it was asked.
    tells_apart: Result<(), String>,
}

impl Krea {
    /// Whether a token is live.
    pub fn liveness(&self, token: &Token) -> Liveness {
        self.livenesses(std::slice::from_ref(token)).remove(0)
    }

    /// Whether each of some tokens is live, in their order.
    pub fn livenesses(&self, tokens: &[Token]) -> Vec<Liveness> {
        let questions: Vec<Question> = tokens.iter().map(Question::of).collect();
        let answers = self.answers(&questions, &|_| ());
        let unasked = || conclude(&[], REFUSALS, &Ok(()));
        tokens.iter().map(|token| answers.of(token).cloned().unwrap_or_else(unasked)).collect()
    }

    /// Asks about each distinct text, a few at a time; `told` is called on a worker's thread with each that was asked about
    /// for the first time. When the host is silent, the rest is given up.
    pub fn answers(&self, questions: &[Question], told: &(dyn Fn(&Token) + Sync)) -> Answers {
        let mut asking = Asking {
            krea: self,
            questions,
            asked: BTreeMap::new(),
            run: CallBounds::new(self.budget),
            tells_apart: Ok(()),
        };
        asking.in_turn(told);
        asking.again();
        asking.conclude()
    }
}

impl<'a> Asking<'a> {
    /// Asks about the best readings, then about the second ones of the tokens whose first is not live, and so on.
    fn in_turn(&mut self, told: &(dyn Fn(&Token) + Sync)) {
        if self.questions.iter().any(|question| question.wanted == 1) {
            self.ask_the_host();
        }
        let longest = self.questions.iter().map(|question| question.readings.len()).max().unwrap_or(0);
        for turn in 0..longest {
            let mut due = Vec::new();
            let questions: &'a [Question] = self.questions;
            let open: Vec<&Question> = questions.iter().filter(|question| !self.is_live(question)).collect();
            for question in open {
                let Some(token) = question.readings.get(turn) else { continue };
                match self.asked.entry(token.fingerprint()) {
                    Entry::Vacant(new) => {
                        due.push(new.key().clone());
                        new.insert(Asked { token, wanted: question.wanted, observations: Vec::new() });
                    }
                    Entry::Occupied(mut known) => {
                        let wanted = &mut known.get_mut().wanted;
                        *wanted = question.wanted.max(*wanted);
                    }
                }
            }
            self.observe(due, told);
        }
    }

    /// Asks about what was refused again, after a pause each time, unless another reading of it is live.
    fn again(&mut self) {
        for (round, pauses) in (1..REFUSALS).zip(1..) {
            let settled = self.settled();
            let open = self.asked.iter().filter(|(text, asked)| asked.is_open() && !settled.contains(*text));
            let due: Vec<Fingerprint> = open.map(|(text, _)| text.clone()).collect();
            if due.is_empty() {
                return;
            }
            let pause = self.krea.pause.saturating_mul(pauses);
            self.krea.limiter.sleep(pause.min(self.run.left()));
            if round + 1 == REFUSALS {
                self.ask_the_host();
            }
            self.observe(due, &|_| ());
        }
    }

    /// The texts that nobody needs to know more of: each token that may read so has a reading that is live.
    fn settled(&self) -> BTreeSet<Fingerprint> {
        let texts = |live: bool| {
            let questions = self.questions.iter().filter(move |question| self.is_live(question) == live);
            questions.flat_map(|question| &question.readings).map(Token::fingerprint)
        };
        let open: BTreeSet<Fingerprint> = texts(false).collect();
        texts(true).filter(|text| !open.contains(text)).collect()
    }

    fn is_live(&self, question: &Question) -> bool {
        let mut asked = question.readings.iter().filter_map(|token| self.asked.get(&token.fingerprint()));
        asked.any(Asked::is_accepted)
    }

    fn ask_the_host(&mut self) {
        let answer = self.krea.tells_apart(&self.run);
        self.tells_apart = std::mem::replace(&mut self.tells_apart, Ok(())).and(answer);
    }

    /// Sends some texts once each.
    fn observe(&mut self, texts: Vec<Fingerprint>, told: &(dyn Fn(&Token) + Sync)) {
        let due: Vec<(&Fingerprint, &Token)> =
            texts.iter().filter_map(|text| Some((text, self.asked.get(text)?.token))).collect();
        let (krea, run, next) = (self.krea, &self.run, AtomicUsize::new(0));
        let observations = Mutex::new(Vec::with_capacity(due.len()));
        let work = || {
            while let Some((text, token)) = due.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = krea.observe(token, run);
                observations.lock().unwrap_or_else(PoisonError::into_inner).push(((*text).clone(), answer));
                told(token);
            }
        };
        thread::scope(|scope| {
            for _ in 0..WORKERS.min(due.len()) {
                scope.spawn(work);
            }
        });
        for (text, answer) in observations.into_inner().unwrap_or_else(PoisonError::into_inner) {
            if let Some(asked) = self.asked.get_mut(&text) {
                asked.observations.push(answer);
            }
        }
    }

    fn conclude(self) -> Answers {
        // Who takes one token and refuses another tells them apart.
        let tells_apart = match self.asked.values().any(Asked::is_accepted) {
            true => Ok(()),
            false => self.tells_apart,
        };
        let concluded = |(text, asked): (Fingerprint, Asked)| {
            (text, conclude(&asked.observations, asked.wanted, &tells_apart))
        };
        Answers(self.asked.into_iter().map(concluded).collect())
    }
}
