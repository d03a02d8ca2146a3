use super::*;

fn judged(answers: &[u16]) -> Option<Finding> {
    let answers: Vec<_> = answers.iter().map(|code| StatusCode::from_u16(*code).unwrap()).collect();
    judge(&answers)
}

// covers: RL-9
#[test]
fn one_answer_makes_a_printer_open() {
    for answers in [[200, 403, 403], [403, 409, 403], [401, 401, 204], [500, 200, 404]] {
        assert_eq!(judged(&answers), Some(Finding::LetsEveryoneIn), "{answers:?}");
    }
}

// covers: RL-9
#[test]
fn a_printer_that_refuses_asks_for_a_login() {
    for answers in [[403, 403, 403], [401, 401, 401], [401, 404, 404]] {
        assert_eq!(judged(&answers), Some(Finding::AsksForLogin), "{answers:?}");
    }
}

// covers: RL-9
#[test]
fn what_refuses_nobody_and_answers_nobody_is_unclear() {
    for answers in [[404, 404, 404], [302, 302, 302], [403, 302, 403], [400, 400, 403]] {
        assert_eq!(judged(&answers), Some(Finding::Unclear), "{answers:?}");
    }
    assert_eq!(judged(&[]), Some(Finding::Unclear));
}

// covers: RL-9
#[test]
fn a_printer_that_is_not_ready_says_nothing() {
    for answers in [[503, 503, 503], [403, 403, 502], [403, 429, 403]] {
        assert_eq!(judged(&answers), None, "{answers:?}");
    }
}
