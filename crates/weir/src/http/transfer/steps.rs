//! Several changes that are to be one: made one after the other, and taken back when a later one fails.

use futures_util::future::BoxFuture;

use crate::http::error::Problem;

type Work = BoxFuture<'static, Result<(), Problem>>;

/// One of them.
pub(super) struct Step {
    /// What it changes.
    pub(super) name: &'static str,
    /// Makes it.
    pub(super) make: Work,
    /// Makes things what they were before it.
    pub(super) take_back: Work,
}

/// Makes all of them. When one fails, those before it are taken back, the last first, and the problem says what came of that.
pub(super) async fn all_or_nothing(steps: Vec<Step>) -> Result<(), Problem> {
    let mut made: Vec<Step> = Vec::with_capacity(steps.len());
    for Step {
        name,
        make,
        take_back,
    } in steps
    {
        if let Err(problem) = make.await {
            // What the first one is refused for is about the document, and is told as it is.
            if made.is_empty() {
                return Err(problem);
            }
            let left = taken_back(made).await;
            return Err(problem.retold(|why| sentence(name, why, &left)));
        }
        made.push(Step {
            name,
            make: Box::pin(std::future::ready(Ok(()))),
            take_back,
        });
    }
    Ok(())
}

/// Takes steps back; those that stay as they were made, each with the reason.
async fn taken_back(made: Vec<Step>) -> Vec<String> {
    let mut left = Vec::new();
    for step in made.into_iter().rev() {
        if let Err(problem) = step.take_back.await {
            let (name, why) = (step.name, problem.into_detail());
            left.push(format!("{name} could not be taken back ({why})"));
        }
    }
    left
}

fn sentence(name: &str, why: &str, left: &[String]) -> String {
    if left.is_empty() {
        return format!("nothing was imported, because {name} could not be: {why}");
    }
    let left = left.join(", ");
    format!("{name} could not be imported: {why}; what was imported before it stays so: {left}")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::http::StatusCode;

    use super::*;

    type Notes = Arc<Mutex<Vec<String>>>;

    fn work(notes: &Notes, what: &str, fails: bool) -> Work {
        let (notes, what) = (Arc::clone(notes), what.to_owned());
        Box::pin(async move {
            let failed = || Problem::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full");
            notes.lock().expect("notes").push(what);
            if fails { Err(failed()) } else { Ok(()) }
        })
    }

    /// Steps of which some fail, made or taken back; what was done, and the problem.
    async fn run(failing: &[&str]) -> (Vec<String>, Option<Problem>) {
        let notes = Notes::default();
        let step = |name| {
            let part = |what: String| work(&notes, &what, failing.contains(&what.as_str()));
            Step {
                name,
                make: part(name.to_owned()),
                take_back: part(format!("{name} back")),
            }
        };
        let steps = ["settings", "loops", "webhooks"].map(step);
        let problem = all_or_nothing(steps.into()).await.err();
        let done = notes.lock().expect("notes").clone();
        (done, problem)
    }

    #[tokio::test]
    async fn what_was_made_before_a_failure_is_taken_back_the_last_first() {
        let (done, problem) = run(&["webhooks"]).await;
        assert_eq!(
            done,
            [
                "settings",
                "loops",
                "webhooks",
                "loops back",
                "settings back"
            ]
        );
        let problem = problem.expect("a problem");
        assert_eq!(problem.status(), StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(
            problem.detail(),
            "nothing was imported, because webhooks could not be: the disk is full"
        );
    }

    #[tokio::test]
    async fn what_cannot_be_taken_back_is_named_and_the_rest_is_taken_back_all_the_same() {
        let (done, problem) = run(&["webhooks", "loops back"]).await;
        assert_eq!(done.last().map(String::as_str), Some("settings back"));
        assert_eq!(
            problem.expect("a problem").detail(),
            "webhooks could not be imported: the disk is full; what was imported before it stays so: \
             loops could not be taken back (the disk is full)"
        );
    }

    #[tokio::test]
    async fn a_first_step_that_is_refused_is_told_as_it_is_and_nothing_else_is_done() {
        let (done, problem) = run(&["settings"]).await;
        assert_eq!(done, ["settings"]);
        assert_eq!(problem.expect("a problem").detail(), "the disk is full");
        let (done, problem) = run(&[]).await;
        assert!(problem.is_none());
        assert_eq!(done, ["settings", "loops", "webhooks"]);
    }
}
