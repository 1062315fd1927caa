//! A browser and the person before it: signs in on the page of a stand-in, and goes where that leads.

use crate::stand_in::WORKSPACE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regex::Regex;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use std::time::Duration;

/// What a person does with the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Chooses the workspace and allows it.
    Allows,
    /// Chooses another workspace.
    AllowsWorkspace(&'static str),
    /// Allows it, with a browser that asks for more than it was sent to.
    AllowsWithNoise,
    /// Allows it the first time that there is a page, and never again.
    AllowsOnce,
    Denies,
    /// Closes the browser.
    Leaves,
}

impl Person {
    /// Does it, given the address that is printed; `nth` counts from 0.
    pub fn sees(self, address: &str, nth: usize) {
        let (workspace, answer) = match self {
            Person::Allows | Person::AllowsWithNoise => (WORKSPACE, "allow"),
            Person::AllowsWorkspace(workspace) => (workspace, "allow"),
            Person::AllowsOnce if nth == 0 => (WORKSPACE, "allow"),
            Person::Denies => (WORKSPACE, "deny"),
            Person::AllowsOnce | Person::Leaves => return,
        };
        let back = consent(address, workspace, answer);
        if self == Person::AllowsWithNoise {
            let (callback, _) = back.split_once('?').unwrap();
            let noise = ["", "?code=a&state=b", "?state=", "?error=access_denied", "/favicon.ico"];
            noise.iter().for_each(|noise| drop(client().get(format!("{callback}{noise}")).send()));
        }
        // It may have left meanwhile.
        let _ = client().get(back).send();
    }
}

/// The address, when it is what a line shows of a sign-in.
pub fn sign_in_address(line: &str) -> Option<&str> {
    let address = line.trim();
    (address.starts_with("http") && address.contains("response_type=code")).then_some(address)
}

/// Asks for a page, and follows nothing.
pub fn get(address: &str) -> Response {
    client().get(address).send().unwrap()
}

/// Signs in, and gives the address that the browser is sent back to.
pub fn consent(address: &str, workspace: &str, answer: &str) -> String {
    let page_address = location(&get(address));
    let page = get(&page_address).text().unwrap();
    let hidden = Regex::new(r#"name="request" value="([^"]+)""#).unwrap();
    let request = hidden.captures(&page).unwrap_or_else(|| panic!("no form: {page}"))[1].to_owned();
    assert!(page.contains(&format!("<option>{workspace}</option>")), "{page}");
    let workspace = utf8_percent_encode(workspace, NON_ALPHANUMERIC);
    let form = format!("request={request}&workspace={workspace}&answer={answer}");
    let post = client().post(page_address.split('?').next().unwrap());
    let post = post.header("content-type", "application/x-www-form-urlencoded").body(form);
    location(&post.send().unwrap())
}

#[track_caller]
fn location(answer: &Response) -> String {
    let location = answer.headers().get("location").unwrap_or_else(|| panic!("no redirect: {answer:?}"));
    location.to_str().unwrap().to_owned()
}

/// A client that follows nothing.
pub fn client() -> Client {
    // Without a provider for TLS the client does not even build; one that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_secs(30)).build().unwrap()
}
