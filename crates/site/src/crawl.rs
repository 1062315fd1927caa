//! The way through a site: from the first page to what it loads, to what that names, to the pages that it links to. Goes
//! in rounds. What a round asks for is asked for at once, by a few workers; what comes back is looked at in order, so that
//! two runs over the same site do the same.

use super::body::{Incoming, KeptBody, Store};
use super::chunks::{self, Template};
use super::fetch::{Answer, FetchFailure, Fetcher, media_type};
use super::link::{Link, LinkKind, Surety, resolve};
use super::queue::{FetchJob, JobQueue};
use super::scope::{Scope, origin};
use super::script::{self, Bases};
use super::{Site, SiteError, SiteOptions, Withheld, page};
use krea_scan_files::Incomplete;
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Requests at a time.
const WORKERS: usize = 6;
/// Links are looked for in so much of a body, in bytes.
const MAX_READ_BYTES: u64 = 32 << 20;
/// Of one reason, so many notes.
const MAX_NOTES: usize = 50;
/// More chunk names of one site are not made up.
const MAX_TEMPLATES: usize = 40;

/// Reads a site.
pub fn run(
    options: &SiteOptions,
    withheld: &mut dyn Withheld,
    counter: &(dyn Fn(u64) + Sync),
) -> Result<Site, SiteError> {
    let fetcher = Fetcher::new(options)?;
    let first_error = |why: String| SiteError::FirstPage { url: options.url.to_string(), why };
    if withheld.is_in(&options.url) {
        // It is not repeated either.
        let why = "its address holds what looks like a token, and none is ever sent anywhere".to_owned();
        return Err(SiteError::FirstPage { url: options.origin(), why });
    }
    let mut crawl = Crawl {
        options,
        fetcher,
        withheld,
        counter,
        scope: Scope::new(options.forbidden.clone()),
        site: Site::default(),
        queue: JobQueue::new(options.resources),
        bodies: HashSet::new(),
        notes: HashMap::new(),
        templates: Vec::new(),
        numbers: BTreeSet::new(),
    };
    crawl.first_page().map_err(first_error)?;
    while let Some(batch) = crawl.queue.next_batch(crawl.fetcher.is_spent()) {
        let answers = crawl.ask(&batch);
        for (job, answer) in batch.into_iter().zip(answers) {
            crawl.take(job, answer);
        }
    }
    Ok(crawl.finish())
}

/// The map that the server names in the head of a script or a stylesheet.
pub fn source_map(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let named = headers.get("sourcemap").or_else(|| headers.get("x-sourcemap"))?;
    resolve(url, named.to_str().ok()?)
}

/// What came of a job: the answer without its body, and the body where it is kept.
type FetchedJob = Result<(Answer, Option<KeptBody>), FetchFailure>;

struct Crawl<'a> {
    options: &'a SiteOptions,
    fetcher: Fetcher,
    withheld: &'a mut dyn Withheld,
    counter: &'a (dyn Fn(u64) + Sync),
    scope: Scope,
    site: Site,
    queue: JobQueue,
    /// Digests of the pages that were read: a single-page application answers with the same one everywhere.
    bodies: HashSet<[u8; 32]>,
    notes: HashMap<&'static str, BTreeSet<String>>,
    templates: Vec<(Template, Url, Arc<Url>)>,
    numbers: BTreeSet<String>,
}

impl Crawl<'_> {
    /// Reads the first page, which says where the site is.
    fn first_page(&mut self) -> Result<(), String> {
        let url = &self.options.url;
        if self.scope.is_forbidden(url) {
            return Err("this is where Krea's API is, and no site".to_owned());
        }
        self.scope.add_own(url);
        let job = FetchJob {
            url: url.clone(),
            kind: LinkKind::Page,
            surety: Surety::Named,
            depth: 0,
            page: Arc::new(url.clone()),
        };
        self.queue.start(url);
        let (withheld, scope) = (&*self.withheld, &self.scope);
        let may = |target: &Url| match () {
            () if withheld.is_in(target) => Some("redirects to an address that holds a token".to_owned()),
            () if scope.is_forbidden(target) => Some("redirects to Krea's API".to_owned()),
            () => None,
        };
        let answer = match self.fetcher.follow(url, LinkKind::Page, &may) {
            Ok(answer) => answer,
            Err(FetchFailure::Private(private)) => return Err(private.to_string()),
            Err(FetchFailure::Elsewhere(why)) => return Err(why),
            Err(FetchFailure::NoAnswer(why)) if why.contains("looked up") => {
                return Err(format!("{why}; check the address"));
            }
            Err(FetchFailure::NoAnswer(why)) => return Err(why),
        };
        let status = answer.status;
        if !(200..300).contains(&status) {
            let advice = match status {
                401 | 403 => {
                    "; krea-scan cannot log in: scan the files that are deployed instead, as a folder or an archive"
                }
                404 | 410 => "; check the address",
                429 | 503 => "; try again later",
                _ => "",
            };
            return Err(format!("answered {status}{advice}"));
        }
        if !self.scope.is_own(&answer.url) {
            self.scope.add_own(&answer.url);
            let note = format!("{url} redirects to {}, which was read", answer.url);
            self.site.notes.push(note);
        }
        let kept = self.keep(answer);
        self.take(job, kept);
        Ok(())
    }

    /// Asks for all of a batch.
    fn ask(&mut self, batch: &[FetchJob]) -> Vec<FetchedJob> {
        let next = AtomicUsize::new(0);
        let store = Mutex::new(std::mem::take(&mut self.site.store));
        let answers: Mutex<Vec<Option<FetchedJob>>> = Mutex::new(batch.iter().map(|_| None).collect());
        let (fetcher, scope, withheld, counter) = (&self.fetcher, &self.scope, &*self.withheld, self.counter);
        let work = || {
            while let Some((at, job)) =
                Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, batch.get(at)?)))
            {
                let may = |target: &Url| match () {
                    () if withheld.is_in(target) => {
                        Some("redirects to an address that holds a token".to_owned())
                    }
                    () if !scope.holds(target, job.kind) => {
                        Some(format!("redirects to {}, which is not the site's", origin(target)))
                    }
                    () => None,
                };
                let answer = fetcher.follow(&job.url, job.kind, &may).and_then(|answer| {
                    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
                    keep_in(&mut store, answer)
                });
                if let Ok((_, Some(body))) = &answer {
                    counter(body.length());
                }
                answers.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(answer);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..WORKERS.min(batch.len()) {
                scope.spawn(work);
            }
        });
        self.site.store = store.into_inner().unwrap_or_else(PoisonError::into_inner);
        let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        let lost = || Err(FetchFailure::NoAnswer("was not asked for".to_owned()));
        answers.into_iter().map(|answer| answer.unwrap_or_else(lost)).collect()
    }

    fn keep(&mut self, answer: Answer) -> FetchedJob {
        let kept = keep_in(&mut self.site.store, answer);
        if let Ok((_, Some(body))) = &kept {
            (self.counter)(body.length());
        }
        kept
    }

    /// Looks at what came back.
    fn take(&mut self, job: FetchJob, kept: FetchedJob) {
        let is_named = job.surety == Surety::Named;
        let (answer, body) = match kept {
            Ok(kept) => kept,
            Err(FetchFailure::Private(private)) => {
                return match is_named {
                    true => self.incomplete(&job.url, private.to_string()),
                    false => self.note("was not asked for: a private address", &job.url),
                };
            }
            Err(FetchFailure::Elsewhere(why)) => {
                return match is_named && !job.kind.is_page() {
                    true => self.incomplete(&job.url, why),
                    false => self.note("redirects to what is not the site's", &job.url),
                };
            }
            Err(FetchFailure::NoAnswer(why)) => return self.incomplete(&job.url, why),
        };
        for (url, headers) in answer.hops {
            self.see_head(&url, &headers);
            self.site.add(url, headers, None);
        }
        match (answer.status, body) {
            (200..300, Some(body)) => {
                let same = answer.url != job.url && !self.queue.is_new(&answer.url);
                if !same {
                    self.take_body(job, answer.url, answer.headers, body, answer.cut);
                }
            }
            (200..300, None) => {}
            (404 | 410, _) if is_named => self.note("is named and not there", &job.url),
            (404 | 410, _) => {}
            (status @ (401 | 403), _) if is_named && job.kind != LinkKind::Map => {
                self.incomplete(&job.url, format!("answered {status}: it is not for everybody"));
            }
            (status @ (429 | 503), _) => {
                self.incomplete(&job.url, format!("answered {status}; try again later"));
            }
            (status, _) if is_named && job.kind != LinkKind::Map => {
                self.incomplete(&job.url, format!("answered {status}"));
            }
            _ => self.note("was refused", &job.url),
        }
    }

    fn take_body(
        &mut self,
        mut job: FetchJob,
        url: Url,
        headers: HeaderMap,
        body: KeptBody,
        cut: Option<String>,
    ) {
        let mut bytes = Vec::new();
        let opened = self.site.store.open(&body);
        if let Err(error) = opened.and_then(|input| input.take(MAX_READ_BYTES).read_to_end(&mut bytes)) {
            return self.incomplete(&url, error.to_string());
        }
        let said = media_type(&headers);
        let is_html = match said.as_str() {
            "text/html" | "application/xhtml+xml" => true,
            "" | "text/plain" | "application/octet-stream" => looks_like_html(&bytes),
            _ => false,
        };
        if is_html && !job.kind.is_page() {
            // A single-page application answers so for whatever is not there.
            if job.surety == Surety::Named {
                self.note("is named, and a page came in its place", &job.url);
            }
            return;
        }
        if is_html && !self.bodies.insert(Sha256::digest(&bytes).into()) {
            return self.note("holds the same page as another address", &url);
        }
        if job.kind.is_page() && !is_html {
            job.kind = match said.as_str() {
                kind if kind.contains("javascript") => LinkKind::Script,
                "text/css" => LinkKind::Style,
                _ => LinkKind::Data,
            };
        }
        if let Some(why) = cut {
            self.incomplete(&url, why);
        }
        if body.length() > MAX_READ_BYTES {
            self.incomplete(
                &url,
                format!("was searched for addresses in its first {MAX_READ_BYTES} bytes only"),
            );
        }
        self.see_head(&url, &headers);
        self.withheld.see(url.path(), &bytes);
        self.links(&job, &url, &headers, &bytes);
        self.site.add(url, headers, Some(body));
    }

    fn see_head(&mut self, url: &Url, headers: &HeaderMap) {
        for (name, value) in headers {
            let line = [name.as_str().as_bytes(), b": ", value.as_bytes()].concat();
            self.withheld.see(url.path(), &line);
        }
    }

    /// What a resource names.
    fn links(&mut self, job: &FetchJob, url: &Url, headers: &HeaderMap, bytes: &[u8]) {
        match job.kind {
            LinkKind::Page | LinkKind::Frame => {
                let page = page::read_page(bytes, url);
                let base = Arc::new(page.base.unwrap_or_else(|| url.clone()));
                let is_own = self.scope.is_own(url);
                for loaded in &page.loads {
                    if is_own && self.scope.add_assets(loaded) {
                        self.note_text("is a host that pages load from, and was read", origin(loaded));
                    }
                }
                self.add(job, &base, page.links);
                self.chunks(job, url, &base, bytes);
            }
            LinkKind::Script | LinkKind::Data => {
                let bases = Bases { script: url, page: &job.page, builds: &[] };
                let mut links = script::links(bytes, bases);
                if job.kind == LinkKind::Script {
                    let has_map =
                        links.iter().any(|link| link.kind == LinkKind::Map && link.surety == Surety::Named);
                    links.extend(self.map_of(url, headers, has_map));
                }
                self.add(job, &job.page, links);
                self.chunks(job, url, &job.page, bytes);
            }
            LinkKind::Style => {
                let mut links = script::style_links(bytes, url);
                let has_map = links.iter().any(|link| link.kind == LinkKind::Map);
                links.extend(self.map_of(url, headers, has_map));
                self.add(job, &job.page, links);
            }
            LinkKind::Map => {}
        }
    }

    /// The map that the head names; without any, the one that builds leave beside a file whose comment they took away.
    fn map_of(&self, url: &Url, headers: &HeaderMap, has_map: bool) -> Option<Link> {
        if let Some(map) = source_map(url, headers) {
            return Some(Link::named(map, LinkKind::Map));
        }
        let mut beside = url.clone();
        beside.set_query(None);
        beside.set_path(&format!("{}.map", url.path()));
        (!has_map && LinkKind::of_name(url.path()).is_some()).then(|| Link::guessed(beside, LinkKind::Map))
    }

    /// What webpack's runtime puts together.
    fn chunks(&mut self, job: &FetchJob, url: &Url, page: &Arc<Url>, bytes: &[u8]) {
        let templates = chunks::templates(bytes);
        let numbers = chunks::numbers(bytes);
        let before = (self.templates.len(), self.numbers.len());
        for template in templates {
            if self.templates.len() < MAX_TEMPLATES
                && !self.templates.iter().any(|(known, ..)| *known == template)
            {
                self.templates.push((template, url.clone(), Arc::clone(page)));
            }
        }
        self.numbers.extend(numbers);
        if before == (self.templates.len(), self.numbers.len()) {
            return;
        }
        let mut links = Vec::new();
        for (template, script, page) in &self.templates {
            for name in template.names(&self.numbers) {
                let kind = LinkKind::of_name(&name).unwrap_or(LinkKind::Script);
                let base = script::build_base(script, &name);
                let bases = match &base {
                    Some(base) => vec![base],
                    None => vec![script, page],
                };
                links.extend(
                    bases.into_iter().filter_map(|base| Some(Link::guessed(resolve(base, &name)?, kind))),
                );
            }
        }
        self.add(job, page, links);
    }

    /// Puts what a resource names into the queues.
    fn add(&mut self, from: &FetchJob, page: &Arc<Url>, links: Vec<Link>) {
        for link in links {
            let depth = from.depth + usize::from(link.kind == LinkKind::Page);
            if depth > self.options.depth || !self.scope.holds(&link.url, link.kind) {
                continue;
            }
            if self.queue.knows(&link) {
                continue;
            }
            if self.withheld.is_in(&link.url) {
                self.note_text(
                    "names an address that holds a token, which was not asked for",
                    from.url.to_string(),
                );
                continue;
            }
            let page = Arc::clone(page);
            self.queue.push(FetchJob { url: link.url, kind: link.kind, surety: link.surety, depth, page });
        }
    }

    fn incomplete(&mut self, url: &Url, reason: String) {
        self.site.incomplete.push(Incomplete { path: url.to_string(), reason });
    }

    fn note(&mut self, what: &'static str, url: &Url) {
        self.note_text(what, url.to_string());
    }

    fn note_text(&mut self, what: &'static str, text: String) {
        let texts = self.notes.entry(what).or_default();
        if texts.len() < MAX_NOTES {
            texts.insert(text);
        }
    }

    fn finish(mut self) -> Site {
        if let Some(what) = self.queue.left_out() {
            let raises = match self.fetcher.is_spent() {
                true => "--url-size and --url-time raise that",
                false => "--url-limit raises that",
            };
            let reason = format!("names more than was read: not {what}; {raises}");
            self.incomplete(&self.options.url, reason);
        }
        self.site.notes.push(format!("{}: robots.txt was not heeded", origin(&self.options.url)));
        let mut notes: Vec<String> = Vec::new();
        for (what, texts) in self.notes {
            notes.extend(texts.into_iter().map(|text| format!("{text}: {what}")));
        }
        notes.sort();
        self.site.notes.extend(notes);
        self.site
    }
}

/// Keeps an answer's body.
fn keep_in(store: &mut Store, mut answer: Answer) -> FetchedJob {
    if !(200..300).contains(&answer.status) {
        return Ok((answer, None));
    }
    let body: Incoming = std::mem::take(&mut answer.body);
    match store.keep(body) {
        Ok(body) => Ok((answer, Some(body))),
        Err(error) => Err(FetchFailure::NoAnswer(format!("cannot be kept: {error}"))),
    }
}

fn looks_like_html(bytes: &[u8]) -> bool {
    let start: Vec<u8> = bytes.iter().copied().skip_while(u8::is_ascii_whitespace).take(14).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}
