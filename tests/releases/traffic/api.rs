//! A stand-in of the Kubernetes API, as far as kubectl asks for a Service and Deployments: discovery, get, list, and a
//! JSON patch whose `test` is held. No cluster, and no test.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the cluster holds: the Service `web` and the Deployments `web-blue` and `web-green` of the namespace `shop`.
#[derive(Default)]
pub struct Cluster {
    /// Value of the label `color` in the Service's selector.
    pub color: String,
    /// Somebody else gives the selector this value when the first patch arrives, before it is carried out.
    pub meddler: Option<String>,
    /// Requests so far: `PATCH services/web`.
    pub asked: Vec<String>,
}

/// Serves it; ends with the test's process.
pub fn serve(color: &str, meddler: Option<&str>) -> (SocketAddr, Arc<Mutex<Cluster>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let meddler = meddler.map(str::to_owned);
    let cluster = Arc::new(Mutex::new(Cluster { color: color.to_owned(), meddler, asked: Vec::new() }));
    let shared = Arc::clone(&cluster);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let cluster = Arc::clone(&shared);
            std::thread::spawn(move || answer(&stream, &cluster));
        }
    });
    (address, cluster)
}

fn answer(mut stream: &TcpStream, cluster: &Mutex<Cluster>) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).unwrap();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) < 3 {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (status, answer) = reply(&mut cluster.lock().unwrap(), method, path, query, &body);
    let text = if answer.is_null() { String::new() } else { answer.to_string() };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n");
    let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
}

fn reply(cluster: &mut Cluster, method: &str, path: &str, query: &str, body: &[u8]) -> (u16, Value) {
    let watch = query.contains("watch=true");
    if let Some((_, what)) = path.split_once("/namespaces/shop/").filter(|_| !watch) {
        let list = if query.contains("fieldSelector") { "list " } else { "" };
        cluster.asked.push(format!("{method} {list}{what}"));
    }
    let list = |kind: &str, group: &str, more: Value| {
        let mut all = json!({ "kind": kind, "apiVersion": "v1", "groupVersion": group });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (200, all)
    };
    let resource = |name: &str, kind: &str| {
        json!({ "resources": [{ "name": format!("{name}s"), "singularName": name, "namespaced": true, "kind": kind,
                                "verbs": ["get", "list", "patch", "watch"] }] })
    };
    match (method, path) {
        // Nothing will happen that the list did not show.
        _ if watch => (200, Value::Null),
        ("GET", "/api") => list("APIVersions", "", json!({ "versions": ["v1"] })),
        ("GET", "/apis") => {
            let version = json!({ "groupVersion": "apps/v1", "version": "v1" });
            let group = json!({ "name": "apps", "versions": [version], "preferredVersion": version });
            list("APIGroupList", "", json!({ "groups": [group] }))
        }
        ("GET", "/api/v1") => list("APIResourceList", "v1", resource("service", "Service")),
        ("GET", "/apis/apps/v1") => list("APIResourceList", "apps/v1", resource("deployment", "Deployment")),
        ("GET", "/api/v1/namespaces/shop/services/web") => (200, service(cluster)),
        ("PATCH", "/api/v1/namespaces/shop/services/web") => patch(cluster, body),
        ("GET", "/apis/apps/v1/namespaces/shop/deployments") => {
            let name = query.split('&').find_map(|part| part.strip_prefix("fieldSelector=metadata.name%3D"));
            let items = [deployment(name.unwrap_or("web-green"))];
            (
                200,
                json!({ "kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": { "resourceVersion": "7" }, "items": items }),
            )
        }
        ("GET", path) if path.contains("/shop/deployments/web-") => {
            (200, deployment(path.rsplit('/').next().unwrap_or_default()))
        }
        _ => refused(404, "NotFound"),
    }
}

/// As RFC 6902 has it, and with the API server's word for a `test` that does not hold.
fn patch(cluster: &mut Cluster, body: &[u8]) -> (u16, Value) {
    if let Some(color) = cluster.meddler.take() {
        cluster.color = color;
    }
    let patch: Value = serde_json::from_slice(body).unwrap();
    assert_eq!((&patch[0]["op"], &patch[0]["path"]), (&json!("test"), &json!("/spec/selector/color")), "{patch}");
    if patch[0]["value"] != json!(cluster.color) {
        return refused(422, "Invalid");
    }
    cluster.color = patch[1]["value"].as_str().unwrap().to_owned();
    (200, service(cluster))
}

fn refused(code: u16, reason: &str) -> (u16, Value) {
    let message = "the server rejected our request due to an error in our request";
    let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
                         "reason": reason, "code": code });
    (code, status)
}

fn service(cluster: &Cluster) -> Value {
    let metadata = json!({ "name": "web", "namespace": "shop", "resourceVersion": "7" });
    json!({ "kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": { "selector": { "color": cluster.color } } })
}

/// Rolled out: two of two pods are ready.
fn deployment(name: &str) -> Value {
    let metadata = json!({ "name": name, "namespace": "shop", "uid": name, "resourceVersion": "7", "generation": 1 });
    let template = json!({ "metadata": {}, "spec": { "containers": [] } });
    let spec = json!({ "replicas": 2, "selector": { "matchLabels": { "app": name } }, "template": template });
    let status = json!({ "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
                         "availableReplicas": 2 });
    json!({ "kind": "Deployment", "apiVersion": "apps/v1", "metadata": metadata, "spec": spec, "status": status })
}
