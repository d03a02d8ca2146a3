use proptest::prelude::*;

use super::*;

fn level(text: &str) -> Level {
    judge_message(text).level
}

// covers: PM-3, HZ-5
#[test]
fn what_messages_take() {
    for (expected, text) in [
        (Level::View, "{\"jsonrpc\":\"2.0\",\"method\":\"server.info\",\"id\":1}"),
        (Level::View, "{\"method\":\"printer.objects.subscribe\",\"params\":{\"objects\":{}}}"),
        (Level::View, "{\"method\":\"server.connection.identify\",\"params\":{\"type\":\"web\"}}"),
        (Level::View, "[{\"method\":\"server.info\"},{\"method\":\"printer.info\"}]"),
        (Level::View, "{\"auth\":\"ada:session\"}"),
        (Level::View, "{\"throttle\":2}"),
        (Level::View, "[\"{\\\"subscribe\\\":{\\\"state\\\":true}}\"]"),
        (Level::Queue, "{\"jsonrpc\":\"2.0\",\"method\":\"printer.emergency_stop\",\"id\":1}"),
        (Level::Print, "{\"method\":\"printer.print.pause\",\"params\":{}}"),
        (Level::Print, "[{\"method\":\"server.info\"},{\"method\":\"printer.print.cancel\"}]"),
        (
            Level::Controls,
            "{\"method\":\"server.connection.identify\",\"params\":{\"type\":\"agent\"}}",
        ),
        (Level::Controls, "{\"method\":\"server.files.list\",\"params\":{\"root\":\"config\"}}"),
        (Level::Controls, "{\"method\":\"machine.reboot\"}"),
        (Level::Controls, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"),
        (Level::Controls, "{\"auth\":\"a:b\",\"other\":1}"),
        (Level::Controls, "{\"auth\":\"a:b\",\"method\":\"server.info\"}"),
        (Level::Controls, "[[{\"method\":\"server.info\"}]]"),
        (Level::Controls, "[\"{\\\"other\\\":1}\"]"),
        (Level::Controls, "[\"{\\\"auth\\\":\\\"a:b\\\"}\",\"x\"]"),
        (Level::Controls, "{}"),
        (Level::Controls, "[]"),
        (Level::Controls, "null"),
        (Level::Controls, "ping"),
        (Level::Controls, ""),
    ] {
        assert_eq!(level(text), expected, "{text}");
    }
}

// covers: PM-3
#[test]
fn view_app_sends_jsonrpc_gcode() {
    for text in [
        "{\"method\":\"printer.gcode.script\",\"params\":{\"script\":\"M104 S300\"}}",
        "[{\"method\":\"server.info\"},{\"method\":\"printer.gcode.script\"}]",
        "{\"method\":\"server.info\",\"method\":\"printer.gcode.script\"}",
        "{\"method\":\"printer.objects.query\",\"Method\":\"printer.gcode.script\"}",
        "{\"method\":\"printer\\u002egcode\\u002escript\"}",
        "{\"method\":[\"printer.gcode.script\"]}",
    ] {
        assert_eq!(level(text), Level::Controls, "{text}");
    }
}

// covers: HZ-5
#[test]
fn emergency_stop_among_other_calls() {
    let stop = "{\"method\":\"printer.emergency_stop\"}";
    assert_eq!(level(stop), Level::Queue);
    for text in [
        format!("[{stop}]"),
        format!("[{stop},{{\"method\":\"server.info\"}}]"),
        "{\"method\":\"printer.emergency_stop\",\"params\":{\"script\":\"G28\"}}".to_owned(),
        "{\"method\":\"printer.emergency_stop\",\"params\":[1]}".to_owned(),
    ] {
        assert_eq!(level(&text), Level::Controls, "{text}");
    }
}

// covers: PM-3
#[test]
fn a_message_goes_on_as_it_was_understood() {
    let doubled = "{\"method\":\"printer.gcode.script\",\"method\":\"server.info\"}";
    let judged = judge_message(doubled);
    assert_eq!((judged.level, judged.text.as_str()), (Level::View, "{\"method\":\"server.info\"}"));
    let framed = judge_message("[ \"{ \\\"throttle\\\" : 1 }\" ]");
    assert_eq!(framed.text, "[\"{\\\"throttle\\\":1}\"]");
}

// covers: PM-3
#[test]
fn a_number_goes_on_as_the_number_that_it_is() {
    let long = format!("{{\"throttle\":{}2}}", "7".repeat(127));
    let judged = judge_message(&long);
    assert_eq!(judged.level, Level::View);
    assert_eq!(judge_message(&judged.text), judged, "it is another one each time");
    let sent: f64 = long[12..long.len() - 1].parse().unwrap();
    let goes_on: f64 = judged.text[12..judged.text.len() - 1].parse().unwrap();
    assert_eq!(goes_on.to_bits(), sent.to_bits(), "{}", judged.text);
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}") {
        let _ = judge_message(&text);
    }

    // covers: PM-3
    #[test]
    fn no_other_method_is_below_controls(method in "[a-z_.]{0,40}") {
        let text = format!("{{\"method\":\"{method}\"}}");
        let judged = level(&text);
        let known = ["info", "list", "query", "subscribe", "stop", "start", "pause", "resume",
            "cancel", "status", "stats", "devices", "roots", "totals", "store", "token",
            "identify", "metadata", "thumbnails", "get_job", "help", ".id"];
        prop_assert!(judged == Level::Controls || known.iter().any(|end| method.ends_with(end)));
    }
}
