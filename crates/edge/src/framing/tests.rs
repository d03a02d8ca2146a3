use super::*;

/// Where the first wrong byte is, and how many headers have ended, in one piece; the same in pieces
/// of every length.
fn read(text: &str) -> (Option<usize>, usize) {
    let bytes = text.replace('\n', "\r\n").replace('␊', "\n").into_bytes();
    let in_pieces = |size: usize| {
        let mut framing = Framing::default();
        let mut pieces = bytes.chunks(size).enumerate();
        let wrong =
            pieces.find_map(|(number, piece)| Some(number * size + framing.first_wrong(piece)?));
        (wrong, framing.messages())
    };
    let whole = in_pieces(bytes.len());
    for size in 1..bytes.len() {
        assert_eq!(in_pieces(size), whole, "{text:?} in pieces of {size}");
    }
    whole
}

fn is_refused(text: &str) -> bool {
    read(text).0.is_some()
}

// covers: RL-5
#[test]
fn requests_in_order_follow_each_other() {
    let requests = [
        "GET / HTTP/1.1\nHost: a\n\n",
        "\nPOST / HTTP/1.1\ncontent-LENGTH:  5\t\n\nhello",
        "POST / HTTP/1.1\nTransfer-Encoding: Chunked\n\n5\nhello\nA\n0123456789\n0\nX: y\n\n",
        "POST / HTTP/1.1\nContent-Length: 0\n\n",
        "GET / HTTP/1.1\nX-Content-Length: 7\n\n",
    ];
    for request in requests {
        assert_eq!(read(request), (None, 1), "{request:?}");
    }
    assert_eq!(read(&requests.concat()), (None, requests.len()));
}

// covers: RL-5
#[test]
fn what_is_in_a_body_is_nobodys_header() {
    let body = "GET / HTTP/1.1␊Content-Length: 1␊Content-Length: 2␊␊";
    let length = body.replace('␊', "\n").len();
    let request = format!("POST / HTTP/1.1\nContent-Length: {length}\n\n{body}GET / HTTP/1.1\n\n");
    assert_eq!(read(&request), (None, 2));
    let chunked = "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n4\n␊␊␊␊\n0\n\nGET / HTTP/1.1\n\n";
    assert_eq!(read(chunked), (None, 2));
}

// covers: RL-5
#[test]
fn a_body_has_one_length() {
    let lengths = ["Content-Length: 5\n", "Transfer-Encoding: chunked\n"];
    for first in lengths {
        for second in lengths {
            assert!(is_refused(&format!("POST / HTTP/1.1\n{first}X: y\n{second}\n")));
        }
        assert!(!is_refused(&format!("POST / HTTP/1.1\n{first}X: y\n\n")), "{first} alone");
    }
}

// covers: RL-5
#[test]
fn lengths_and_codings_are_plain() {
    for length in ["", "+5", "-5", "5, 5", "0x5", "5.0", "5 5", "18446744073709551616", "５"] {
        assert!(is_refused(&format!("POST / HTTP/1.1\nContent-Length: {length}\n\n")), "{length}");
    }
    for coding in ["", "identity", "gzip, chunked", "chunked, chunked", "xchunked", "chunked;a=b"] {
        let request = format!("POST / HTTP/1.1\nTransfer-Encoding: {coding}\n\n");
        assert!(is_refused(&request), "{coding}");
    }
    let far = format!("POST / HTTP/1.1\nContent-Length:{}5\n\n", " ".repeat(LOOKED_AT));
    assert!(is_refused(&far));
}

// covers: RL-5
#[test]
fn chunks_have_a_size_and_nothing_else() {
    let sizes = ["5;a=b", "5 ", " 5", "+5", "-5", "0x5", "", "g", "10000000000000005", "5␊"];
    for size in sizes {
        let request =
            format!("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n{size}\nhello\n0\n\n");
        assert!(is_refused(&request), "{size:?}");
    }
    let zeros = "0".repeat(LOOKED_AT);
    for size in [format!("{zeros}5"), format!("{zeros};a=b")] {
        let hidden = "a: b\n\nPOST / HTTP/1.1\nContent-Length: 99999\n\n";
        let request = format!("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n{size}\n{hidden}");
        assert!(is_refused(&request), "{size:?}");
    }
    let longer = "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n4\nhello\n0\n\n";
    assert!(is_refused(longer));
}

// covers: RL-5
#[test]
fn lines_end_with_cr_and_lf() {
    for text in [
        "GET / HTTP/1.1␊Host: a\n\n",
        "GET / HTTP/1.1\nHost: a␊\n",
        "GET / HTTP/1.1\nHost: a\n␊",
        "␊GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\nHost: a\rb\n\n",
        "GET / HTTP/1.1\nHost: a\r\n\n",
        "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n5\nhello␊0\n\n",
        "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n5\nhello\n0\nX: y␊\n",
    ] {
        assert!(is_refused(text), "{text:?}");
    }
}
