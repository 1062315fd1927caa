//! What came of an incident, as it is shown. See [`super::outcome`].

use super::outcome::Sanitizer;
use krea_scan_service::incident::{Case, CaseProgress, Replacement, Report, ReportedToken};
use krea_scan_service::krea::{TokenRow, Usage};
use std::collections::BTreeMap;

impl Sanitizer<'_> {
    pub(super) fn report(&self, report: &mut Report) {
        let Report { id, api, through, stores, tokens, resume } = report;
        let told = [id, through, resume].into_iter().flatten();
        std::iter::once(api).chain(told).chain(stores).for_each(|text| self.name(text));
        for ReportedToken { state: _, case, escrow } in tokens {
            self.case(case);
            escrow.iter_mut().for_each(|path| self.name(path));
        }
    }

    fn case(&self, case: &mut Case) {
        let Case {
            fingerprint: _,
            kind: _,
            id_prefix,
            places,
            since,
            name,
            status: _,
            reason,
            was_dead: _,
            former: _,
            proven: _,
            dead_at,
            row,
            usage,
            revoke,
            mint,
            replacement,
            orphans,
            revoked_orphans,
            free_name: _,
            free_since: _,
            problem,
        } = case;
        let told = [id_prefix, since, dead_at, problem].into_iter().flatten();
        [name, reason]
            .into_iter()
            .chain(places)
            .chain(orphans)
            .chain(revoked_orphans)
            .chain(told)
            .for_each(|text| self.name(text));
        [revoke, mint].into_iter().for_each(|progress| self.progress(progress));
        usage.iter_mut().for_each(|usage| self.usage(usage));
        if let Some(TokenRow {
            id,
            name,
            created_by,
            created_at,
            last_used_at,
            is_revoked: _,
            tells_use: _,
            exact_name: _,
            ids: _,
        }) = row
        {
            let told = [name, created_by, created_at, last_used_at].into_iter().flatten();
            std::iter::once(id).chain(told).for_each(|text| self.name(text));
        }
        if let Some(Replacement { fingerprint: _, id_prefix, name, stores, status: _, reason }) = replacement
        {
            [name, reason].into_iter().chain(id_prefix).for_each(|text| self.name(text));
            *stores = self.keys(std::mem::take(stores));
            stores.values_mut().for_each(|stored| self.progress(stored));
        }
    }

    fn progress(&self, progress: &mut CaseProgress) {
        match progress {
            CaseProgress::Open | CaseProgress::Begun => {}
            CaseProgress::Failed(text) | CaseProgress::Done(text) => self.lines(text),
        }
    }

    fn usage(&self, usage: &mut Usage) {
        let Usage { jobs: _, first, last, by_day, by_status, since, complete: _, problem } = usage;
        [first, last, since, problem].into_iter().flatten().for_each(|text| self.name(text));
        *by_status = self.keys(std::mem::take(by_status));
        let days = self.keys(std::mem::take(by_day));
        *by_day = days.into_iter().map(|(day, by_status)| (day, self.keys(by_status))).collect();
    }

    fn keys<T>(&self, map: BTreeMap<String, T>) -> BTreeMap<String, T> {
        let shown = |(mut key, value)| {
            self.name(&mut key);
            (key, value)
        };
        map.into_iter().map(shown).collect()
    }
}
