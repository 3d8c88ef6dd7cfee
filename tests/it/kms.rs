//! Keys that AWS KMS encrypts: without it the index and the encrypted key are of no use to anybody, and the key itself is seen nowhere.

use std::convert::Infallible;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use serde_json::{Value, json};

use crate::serve::Site;
use crate::support::kms_server::{KEY, KmsServer, OTHER};
use crate::support::loopback::Loopback;
use crate::support::s3_server::{ACCESS_KEY, SECRET_KEY};
use crate::support::{Bench, Done, of_others};
use crate::surroundings::request;

const WHO: &str = "ida.holm@example.org";

struct Shop {
    b: Bench,
    url: String,
    region: &'static str,
}

impl Shop {
    fn new(url: String) -> Shop {
        let b = Bench::new();
        b.write("data/a.csv", format!("name,email\nIda Holm,{WHO}\n"));
        std::fs::create_dir_all(b.path("keys")).unwrap();
        Shop { b, url, region: "eu-west-1" }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut c = self.b.command(args);
        c.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY).env("AWS_REGION", self.region);
        c.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL_KMS", &self.url);
        c
    }

    fn run(&self, args: &[&str]) -> Done {
        Done::of(self.command(args).spawn().unwrap())
    }

    /// With the key of a file.
    fn with(&self, key: &str, args: &[&str]) -> Done {
        self.run(&[args, &["--key-file", key]].concat())
    }

    /// With that, or it is said why not.
    fn done(&self, key: &str, args: &[&str]) -> Done {
        let done = self.with(key, args);
        assert_eq!(done.status, Some(0), "{key} {args:?}: {}", done.stderr);
        done
    }

    fn consumer(&self, key: &str) -> Value {
        self.done(key, &["find", WHO, "--format", "json"]).json()["consumer"].clone()
    }

    fn kept(&self, key: &str) -> String {
        std::fs::read_to_string(self.b.path(key)).unwrap()
    }

    /// What the index says of its key.
    fn fingerprint(&self) -> String {
        let done = self.b.run(&["index", "sql", "SELECT value FROM meta WHERE key = 'key_fingerprint'"]);
        done.stdout.lines().last().unwrap().to_owned()
    }

    /// Every file of the folder, whatever it is.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let all = ["", "keys", "data"].map(|d| self.b.path(d)).into_iter().flat_map(|d| std::fs::read_dir(d).unwrap());
        let files = all.map(|e| e.unwrap().path()).filter(|p| p.is_file());
        files.map(|p| (p.display().to_string(), std::fs::read(&p).unwrap())).collect()
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w.eq_ignore_ascii_case(text.as_bytes()))
}

/// The same for a key: its hex digits, those in Base64 as KMS gets and gives them, its bytes, those in Base64.
fn holds_key(bytes: &[u8], hex: &str) -> bool {
    let raw: Vec<u8> = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
    assert_eq!(raw.len(), 32);
    let has = |what: &[u8]| bytes.windows(what.len()).any(|w| w == what);
    // Without the end, which depends on what follows.
    let base64 = |what: &[u8]| BASE64_STANDARD.encode(&what[..what.len() / 3 * 3]);
    holds(bytes, hex) || has(&raw) || has(base64(&raw).as_bytes()) || has(base64(hex.as_bytes()).as_bytes())
}

#[test]
fn the_key_is_had_from_kms_and_seen_nowhere() {
    let kms = KmsServer::start();
    let s = Shop::new(kms.url());
    let mut all = vec![s.run(&["key", "new", "keys/one", "--kms", "arn:aws:kms:eu-west-1:111122223333:alias/piimap"])];
    assert!(all[0].status == Some(0) && all[0].stdout.contains(KEY), "{}", all[0].stderr);
    let line = s.kept("keys/one");
    assert!(line.starts_with(&format!("piimap-kms1 {KEY} ")) && line.lines().count() == 1, "{line}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(s.b.path("keys/one")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Encrypted once, and decrypted to see that it can be.
    assert_eq!((kms.count("Encrypt"), kms.count("Decrypt")), (1, 1));
    let again = s.run(&["key", "new", "keys/one", "--kms", "alias/piimap"]);
    assert!(again.status == Some(2) && again.stderr.contains("exists already") && s.kept("keys/one") == line, "{}", again.stderr);

    all.push(s.done("keys/one", &["scan", "data", "--format", "json"]));
    assert_eq!(all[1].json()["consumers"], 1);
    assert_eq!(kms.count("Decrypt"), 2, "asked once by a command, however often it needs the key");
    all.push(s.done("keys/one", &["find", WHO]));
    assert!(all[2].stdout.contains("a.csv"), "{}", all[2].stdout);
    all.push(s.done("keys/one", &["key", "check"]));
    assert!(all[3].stdout.contains(&format!("decrypted by {KEY}")), "{}", all[3].stdout);
    let checked = s.done("keys/one", &["key", "check", "--format", "json"]).json();
    assert_eq!((checked["kms"].as_str(), checked["fingerprint"].as_str()), (Some(KEY), Some(s.fingerprint().as_str())));

    // The encrypted line may stand in the environment and lie beside the index.
    let mut c = s.command(&["find", WHO]);
    all.push(Done::of(c.env("PIIMAP_KEY", &line).spawn().unwrap()));
    assert_eq!(all[4].status, Some(0), "{}", all[4].stderr);
    std::fs::copy(s.b.path("keys/one"), s.b.path("beside")).unwrap();
    let asked = kms.count("Decrypt");
    all.push(s.done("beside", &["watch", "data", "--runs", "3", "--every", "1s", "--jitter", "0s", "--metrics", "off"]));
    assert_eq!((all[5].stdout.lines().count(), kms.count("Decrypt")), (3, asked + 1), "{}", all[5].stderr);

    // Nor does `serve` ask again, though KMS said no meanwhile.
    let site = Site::of(&mut s.command(&["serve", "--port", "0", "--key-file", "keys/one"]));
    kms.refuse("Decrypt", "AccessDeniedException");
    for _ in 0..2 {
        let answer = site.post("/find", "value=ida.holm%40example.org", "");
        assert!(
            answer.status == 200 && answer.body.contains("a.csv") && !holds_key(answer.body.as_bytes(), &kms.secrets()[0]),
            "{}",
            answer.status
        );
    }
    assert_eq!(kms.count("Decrypt"), asked + 2);
    kms.refuse("Decrypt", "");
    drop(site);

    // Every use is bound to this key, and says so in the logs of KMS.
    let bound = json!({"piimap-key": s.fingerprint()});
    assert!(kms.state.lock().unwrap().done.iter().all(|(_, context)| *context == bound));
    let secrets = kms.secrets();
    assert!(secrets.len() == 1 && secrets[0].len() == 64, "a key file is what is encrypted");
    for done in all {
        assert!(!holds_key((done.stdout + &done.stderr).as_bytes(), &secrets[0]));
    }
    let files = s.files();
    assert!(["piimap.db", "one", "beside"].iter().all(|n| files.iter().any(|(name, _)| name.ends_with(n))));
    for (name, bytes) in files {
        assert!(!holds_key(&bytes, &secrets[0]), "{name} holds the key");
    }
    // Who may ask KMS has a key file without this program.
    std::fs::write(s.b.path("keys/plain"), &secrets[0]).unwrap();
    s.done("keys/plain", &["key", "check"]);
}

#[test]
fn keys_move_to_kms_between_its_keys_and_back() {
    let kms = KmsServer::start();
    let mut s = Shop::new(kms.url());
    assert_eq!(s.run(&["key", "new", "keys/plain"]).status, Some(0));
    s.done("keys/plain", &["scan", "data"]);
    let consumer = s.consumer("keys/plain");
    let wrong = |done: Done| assert!(done.status == Some(2) && done.stderr.contains("fingerprint"), "{}", done.stderr);

    // The same key: the index is not touched, and what the key was kept in opens it as before.
    let before = std::fs::read(s.b.path("piimap.db")).unwrap();
    let done = s.done("keys/plain", &["key", "wrap", "keys/same", "--kms", KEY]);
    assert!(done.stdout.contains("is to be deleted") && done.stdout.contains(KEY), "{}", done.stdout);
    assert_eq!(std::fs::read(s.b.path("piimap.db")).unwrap(), before);
    assert_eq!((s.consumer("keys/same"), s.consumer("keys/plain")), (consumer.clone(), consumer.clone()));
    assert_eq!(kms.secrets(), [s.kept("keys/plain").trim()]);

    // Another key, which KMS alone can tell.
    let done = s.done("keys/same", &["key", "rotate", "--new-key-file", "keys/kms", "--kms", "alias/piimap"]);
    assert!(done.stdout.contains("new index") && done.stdout.contains(KEY), "{}", done.stdout);
    assert_eq!(s.consumer("keys/kms"), consumer, "the data key is the same: nothing is read again");
    assert_eq!(s.done("keys/kms", &["scan", "data", "--format", "json"]).json()["objects"]["unchanged"], 1);
    wrong(s.with("keys/plain", &["find", WHO]));
    wrong(s.with("keys/same", &["key", "check"]));
    let done = s.with("keys/kms", &["key", "rotate", "--new-key-file", "keys/kms", "--kms", KEY]);
    assert!(done.status == Some(2) && done.stderr.contains("name another file, or leave --kms out"), "{}", done.stderr);

    // A key of another region, whose alias is one of that region.
    s.region = "us-west-2";
    s.done("keys/kms", &["key", "wrap", "keys/next", "--kms", "alias/next"]);
    assert!(s.kept("keys/next").contains(OTHER));
    s.region = "eu-west-1";
    assert_eq!(s.consumer("keys/next"), consumer, "the region is that of the key, not of the environment");

    // To itself nothing is rotated, however it is kept.
    let by_environment = |key: &str, new: &str| {
        let mut c = s.command(&["key", "rotate", "--key-file", key]);
        Done::of(c.env("PIIMAP_NEW_KEY", s.kept(new)).spawn().unwrap())
    };
    let before = std::fs::read(s.b.path("piimap.db")).unwrap();
    let rotated = |key: &str, new: &str| s.with(key, &["key", "rotate", "--new-key-file", new]);
    for done in [rotated("keys/next", "keys/next"), rotated("keys/next", "keys/kms"), by_environment("keys/next", "keys/kms")] {
        let says = "holds the same key: nothing would change; name a file that does not exist yet";
        assert!(done.status == Some(2) && done.stdout.is_empty() && done.stderr.contains(says), "{}", done.stderr);
    }
    assert_eq!(std::fs::read(s.b.path("piimap.db")).unwrap(), before);

    // A rotation that broke off behind its key goes on with it; so does one to a key that was made before.
    for (old, new, env) in [("keys/next", "keys/fresh", false), ("keys/fresh", "keys/later", true)] {
        let print = s.fingerprint();
        assert_eq!(s.run(&["key", "new", new, "--kms", "alias/piimap"]).status, Some(0));
        assert_eq!(s.fingerprint(), print);
        let done = if env { by_environment(old, new) } else { rotated(old, new) };
        assert_eq!(done.status, Some(0), "{}", done.stderr);
        assert!(s.fingerprint() != print && s.kept(new).contains(&s.fingerprint()));
        wrong(s.with(old, &["find", WHO]));
        assert_eq!(s.consumer(new), consumer);
    }

    // And back.
    s.done("keys/later", &["key", "rotate", "--new-key-file", "keys/last"]);
    kms.refuse("Decrypt", "AccessDeniedException");
    assert_eq!(s.consumer("keys/last"), consumer);
    assert_eq!(s.kept("keys/last").trim().len(), 64);
}

#[test]
fn without_kms_a_stolen_index_answers_nothing_and_says_what_to_do() {
    let kms = KmsServer::start();
    let s = Shop::new(kms.url());
    assert_eq!(s.run(&["key", "new", "keys/one", "--kms", KEY]).status, Some(0));
    s.done("keys/one", &["scan", "data"]);
    let secret = kms.secrets().remove(0);
    let refused = |done: Done, says: &str| {
        let said = done.stdout + &done.stderr;
        assert!(done.status == Some(2) && said.contains(says), "{says}: {:?} {said}", done.status);
        assert!(!said.contains("a.csv") && !said.contains("jane") && !holds(said.as_bytes(), &secret), "{said}");
    };
    for (code, says) in [
        ("AccessDeniedException", "allow kms:Decrypt on arn:aws:kms:eu-west-1"),
        ("DisabledException", "is disabled"),
        ("KMSInvalidStateException", "cancel-key-deletion"),
        ("InvalidKeyUsageException", "take a symmetric key"),
        ("ExpiredTokenException", "renew them"),
        ("SomethingElseException", "HTTP 400 SomethingElseException"),
        ("KeyUnavailableException", "given up after 6 attempts: HTTP 500 KeyUnavailableException"),
    ] {
        kms.refuse("Decrypt", code);
        refused(s.with("keys/one", &["find", WHO]), says);
        if code == "AccessDeniedException" {
            refused(s.with("keys/one", &["scan", "data"]), says);
            refused(s.with("keys/one", &["key", "rotate", "--new-key-file", "keys/two"]), says);
            refused(s.with("keys/one", &["watch", "data", "--runs", "1", "--metrics", "off"]), says);
            refused(s.run(&["key", "new", "keys/two", "--kms", KEY]), says);
            // What needs no key is answered, and what is missing for the rest is said.
            assert_eq!(s.with("keys/one", &["map"]).status, Some(0));
            let without = |done: Done, says: &str| {
                assert!(done.status == Some(0) && done.stderr.contains(says), "{says}: {:?} {}", done.status, done.stderr);
            };
            let breach = &["breach", "--object", "*"][..];
            without(s.with("keys/one", breach), "going on without the key: the key of keys/one: AWS KMS refuses");
            // So is a line that is damaged, a file that is not there or empty, and another index's key; but not that nobody named one.
            s.b.write("keys/cut", "piimap-kms1 arn");
            s.b.write("keys/empty", "");
            without(s.with("keys/cut", breach), "going on without the key: keys/cut: this encrypted key is not whole");
            without(s.with("keys/none", breach), "going on without the key: there is no key file keys/none");
            without(s.with("keys/empty", breach), "going on without the key: the key file keys/empty is empty");
            without(s.run(breach), "going on without the key: the key (fingerprint");
            let done = Done::of(s.command(breach).env_remove("PIIMAP_KEY").spawn().unwrap());
            assert!(done.status == Some(0) && !done.stderr.contains("key"), "{}", done.stderr);
        }
    }
    kms.refuse("Decrypt", "");
    kms.refuse("Encrypt", "AccessDeniedException");
    refused(s.with("keys/one", &["key", "rotate", "--new-key-file", "keys/two", "--kms", KEY]), "allow kms:Encrypt on");
    refused(s.with("keys/one", &["key", "wrap", "keys/two", "--kms", KEY]), "allow kms:Encrypt on");
    kms.refuse("Encrypt", "");
    assert!(!s.b.path("keys/two").exists(), "a key that could not be made leaves no file");
    for (name, says) in
        [("alias/nobody", "there is no alias/nobody in eu-west-1"), ("piimap key", "by its ARN"), ("arn:aws:s3:::bucket", "by its ARN")]
    {
        refused(s.run(&["key", "new", "keys/two", "--kms", name]), says);
    }
    refused(s.run(&["key", "rotate", "--kms", KEY]), "--new-key-file");

    // What was changed on its way.
    let line = s.kept("keys/one");
    let words: Vec<&str> = line.split_whitespace().collect();
    for (changed, says) in [
        (words[..3].join(" "), "not whole"),
        (line.replace(words[2], &"0".repeat(16)), "changed or cut off"),
        (line.replace(words[1], OTHER), "was not encrypted by"),
        (line.replace(words[3], &words[3].replace("paW", "pbW")), "changed or cut off"),
        (line.replace("eu-west-1", "eu-north-1"), "there is no arn:aws:kms:eu-north-1:"),
        (line.replace("eu-west-1", "evil.example/"), "by its ARN"),
    ] {
        assert_ne!(changed, line);
        s.b.write("keys/changed", changed);
        refused(s.with("keys/changed", &["find", WHO]), says);
    }
    for instead in [&b"no key"[..], "ab".repeat(32).as_bytes()] {
        kms.state.lock().unwrap().instead = Some(instead.to_vec());
        refused(s.with("keys/one", &["find", WHO]), "is not the key that was encrypted");
    }
    kms.state.lock().unwrap().instead = None;
    kms.state.lock().unwrap().busy = true;
    refused(s.with("keys/one", &["find", WHO]), "given up after 6 attempts: HTTP 400 ThrottlingException");
    kms.state.lock().unwrap().busy = false;
    let mut c = s.command(&["find", WHO, "--key-file", "keys/one"]);
    refused(Done::of(c.env_remove("AWS_ACCESS_KEY_ID").spawn().unwrap()), "or AWS_PROFILE, or run");
    only_to_kms(&s, &refused);
    // Nothing of all that has changed the index.
    s.done("keys/one", &["find", WHO]);
}

/// The key goes to no server that was named for something else, in the clear to none but this machine, and nowhere that a server names.
fn only_to_kms(s: &Shop, refused: &dyn Fn(Done, &str)) {
    let led = KmsServer::start();
    let (to, count) = (led.url(), Arc::new(AtomicUsize::new(0)));
    let seen = count.clone();
    let leading = Loopback::http(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        let answer = Response::builder().status(307).header("location", format!("{to}/")).body(Full::new(Bytes::new()));
        async move { Ok::<_, Infallible>(answer.unwrap()) }
    });
    let ask = |args: &[&str], env: &[(&str, &str)]| {
        let mut c = s.command(args);
        Done::of(c.envs(env.iter().copied()).spawn().unwrap())
    };
    let url = format!("http://{}", leading.address);
    let new = &["key", "new", "keys/two", "--kms", KEY][..];
    refused(ask(new, &[("AWS_ENDPOINT_URL_KMS", &url)]), "HTTP 307");
    assert_eq!((count.load(Ordering::SeqCst), led.state.lock().unwrap().done.len()), (1, 0), "where it leads is not asked");
    for clear in ["http://kms.example", "http://127.0.0.1.example:4566", "ftp://127.0.0.1", "127.0.0.1:4566"] {
        refused(ask(new, &[("AWS_ENDPOINT_URL_KMS", clear)]), "AWS_ENDPOINT_URL_KMS has to name a server by https");
    }
    // A server that was named for all services, and a proxy. The region is none of AWS: its host is not there.
    let far = &["key", "new", "keys/two", "--kms", "arn:aws:kms:xx-nowhere-1:1:key/k"][..];
    let proxy = ("HTTPS_PROXY", "http://127.0.0.1:9");
    refused(ask(far, &[("AWS_ENDPOINT_URL_KMS", ""), ("AWS_ENDPOINT_URL", &url), proxy]), "could not be reached");
    refused(ask(&["key", "new", "keys/two", "--kms", "alias/piimap"], &[("AWS_REGION", "evil.example/")]), "set AWS_REGION to one");
    assert_eq!((count.load(Ordering::SeqCst), led.state.lock().unwrap().done.len()), (1, 0));
    // On this machine no proxy is between.
    let done = ask(&["find", WHO, "--key-file", "keys/one"], &[("HTTP_PROXY", "http://127.0.0.1:9"), ("http_proxy", "http://127.0.0.1:9")]);
    assert_eq!(done.status, Some(0), "{}", done.stderr);
}

#[test]
fn the_policy_allows_keys_of_indexes_and_nothing_else_of_the_key_of_kms() {
    let b = Bench::new();
    let policy = |args: &[&str]| {
        let done = b.run(&[&["init", "--iam-policy"], args].concat());
        assert_eq!(done.status, Some(0), "{}", done.stderr);
        serde_json::from_str::<Value>(&done.stdout).unwrap()["Statement"].clone()
    };
    let alone = policy(&["--kms", KEY]);
    let bound = json!({"Null": {"kms:EncryptionContext:piimap-key": "false"}});
    let said = |s: &Value| (s["Action"].clone(), s["Resource"].clone(), s["Condition"].clone(), s["Sid"].is_string());
    let right = |name: &str| (json!(name), json!(KEY), bound.clone(), true);
    assert_eq!(alone.as_array().unwrap().iter().map(said).collect::<Vec<_>>(), ["kms:Decrypt", "kms:Encrypt"].map(right));
    let done = b.run(&["init", "--iam-policy", "--kms", "arn:aws:kms:eu-west-1:111122223333:alias/piimap"]);
    assert!(done.stdout.contains("kms:ResourceAliases") && done.stderr.contains("before the alias moves"), "{}", done.stderr);
    assert!(!b.run(&["init", "--iam-policy", "--kms", KEY]).stderr.contains("alias"));
    let all = policy(&["s3://b/exports", "--kms", KEY]);
    assert!(all.as_array().unwrap().contains(&alone[0]) && all.to_string().contains("s3:GetObject"), "{all}");
    assert!(!policy(&["s3://b/exports"]).to_string().contains("kms:Decrypt"));
    let done = b.run(&["init", "--iam-policy", "--kms", "alias/piimap"]);
    assert!(done.status == Some(2) && done.stderr.contains("needs the ARN"), "{}", done.stderr);
}

/// Against a KMS that others made, where one runs: `PIIMAP_TEST_MOTO=http://127.0.0.1:PORT`.
#[test]
fn a_kms_of_others_keeps_the_key() {
    let Some(url) = of_others("PIIMAP_TEST_MOTO", "kms::a_kms_of_others_keeps_the_key") else { return };
    let mut s = Shop::new(url.clone());
    s.region = "us-east-1";
    let ask = |operation: &str, body: Value| {
        let target = format!("TrentService.{operation}");
        let headers = [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", target.as_str())];
        let answer = request(&url, "kms", "POST", "/", &body.to_string(), &headers);
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_default()
    };
    let arn = || ask("CreateKey", json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let (one, two) = (arn(), arn());
    let alias = format!("alias/piimap-{}", std::process::id());
    ask("CreateAlias", json!({"AliasName": alias, "TargetKeyId": one}));

    let done = s.run(&["key", "new", "keys/one", "--kms", &alias]);
    assert!(done.status == Some(0) && s.kept("keys/one").contains(&one), "{}", done.stderr);
    s.done("keys/one", &["scan", "data"]);
    let consumer = s.consumer("keys/one");
    assert!(consumer.is_string());
    s.done("keys/one", &["key", "rotate", "--new-key-file", "keys/two", "--kms", &two]);
    assert_eq!(s.consumer("keys/two"), consumer);
    s.done("keys/two", &["key", "wrap", "keys/back", "--kms", &alias]);
    assert_eq!(s.consumer("keys/back"), consumer);
    assert_eq!(s.with("keys/one", &["find", WHO]).status, Some(2), "the key from before opens it no more");

    // A key file, by whoever may ask KMS, without this program.
    let (line, fingerprint) = (s.kept("keys/two"), s.fingerprint());
    let asked = json!({"CiphertextBlob": line.split(' ').nth(3), "EncryptionContext": {"piimap-key": fingerprint}});
    let plain = BASE64_STANDARD.decode(ask("Decrypt", asked)["Plaintext"].as_str().unwrap()).unwrap();
    s.b.write("keys/plain", &plain);
    s.done("keys/plain", &["key", "check"]);

    // A line that is not this key's; another KMS; none at all.
    s.b.write("keys/other", line.replace(&fingerprint, &"0".repeat(16)));
    s.b.write("keys/far", line.replace("us-east-1", "eu-west-1"));
    for (key, says) in [("keys/other", "changed or cut off"), ("keys/far", "there is no arn:aws:kms:eu-west-1:")] {
        let done = s.with(key, &["find", WHO]);
        assert!(done.status == Some(2) && done.stderr.contains(says), "{key}: {}", done.stderr);
    }
    let mut c = s.command(&["find", WHO, "--key-file", "keys/two"]);
    let done = Done::of(c.env("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9").spawn().unwrap());
    assert!(done.status == Some(2) && done.stderr.contains("could not be reached") && done.stdout.is_empty(), "{}", done.stderr);
}
