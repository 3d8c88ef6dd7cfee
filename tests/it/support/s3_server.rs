//! An S3 server over a folder: each folder in it is a bucket, each file an object.
//!
//! s3s and s3s-fs do the work. What they lack of S3 is added: ETags in listings, URL-encoded keys, `If-Match`, and versions:
//! old ones of `KEY` in a bucket `B` are the files `KEY/ID` in the folder `B-versions`, an `ID` that begins with `dm` is a
//! delete marker. Keys with `cold` in them lie in Standard-IA. Buckets have settings by their names: `public`, `logged`, `eu`, `kms`
//! in it; those with `mute` tell none.

use std::hash::{Hash, Hasher};
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::*;
use s3s::service::S3ServiceBuilder;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::loopback::Loopback;

/// What the server's only user signs with.
pub const ACCESS_KEY: &str = "test-access";
/// Its secret.
pub const SECRET_KEY: &str = "test-secret";

/// A running server; it stops when dropped.
pub struct S3Server(Loopback);

impl S3Server {
    /// Serves `root` on a free port of the loopback interface.
    pub fn start(root: &Path) -> S3Server {
        let mut builder = S3ServiceBuilder::new(Store(FileSystem::new(root).unwrap()));
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        S3Server(Loopback::listen(move |socket| {
            let service = service.clone();
            async move {
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            }
        }))
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The endpoint for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

struct Store(FileSystem);

/// An ETag that changes with size and time, as cheap as a listing needs it.
fn etag(size: i64, modified: Option<&Timestamp>) -> ETag {
    let mut h = std::hash::DefaultHasher::new();
    modified.hash(&mut h);
    ETag::Strong(format!("{:016x}-{size}", h.finish()))
}

#[async_trait::async_trait]
impl S3 for Store {
    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let encode = req.input.encoding_type.as_ref().is_some_and(|e| e.as_str() == EncodingType::URL);
        let mut answer = self.0.list_objects_v2(req).await?;
        for o in answer.output.contents.iter_mut().flatten() {
            o.e_tag = Some(etag(o.size.unwrap_or(0), o.last_modified.as_ref()));
            if o.key.as_ref().is_some_and(|k| k.contains("cold")) {
                o.storage_class = Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD_IA));
            }
            if let Some(key) = o.key.as_mut().filter(|_| encode) {
                *key = url_encoded(key);
            }
        }
        Ok(answer)
    }

    async fn get_bucket_location(&self, req: S3Request<GetBucketLocationInput>) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let eu = told(&req.input.bucket)?.contains("eu").then(|| BucketLocationConstraint::from_static("eu-west-1"));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint: eu }))
    }

    async fn get_bucket_policy_status(
        &self,
        req: S3Request<GetBucketPolicyStatusInput>,
    ) -> S3Result<S3Response<GetBucketPolicyStatusOutput>> {
        let is_public = Some(told(&req.input.bucket)?.contains("public"));
        Ok(S3Response::new(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public }) }))
    }

    async fn get_bucket_acl(&self, req: S3Request<GetBucketAclInput>) -> S3Result<S3Response<GetBucketAclOutput>> {
        told(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketAclOutput::default()))
    }

    async fn get_public_access_block(&self, req: S3Request<GetPublicAccessBlockInput>) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
        told(&req.input.bucket)?;
        Ok(S3Response::new(GetPublicAccessBlockOutput::default()))
    }

    async fn get_bucket_logging(&self, req: S3Request<GetBucketLoggingInput>) -> S3Result<S3Response<GetBucketLoggingOutput>> {
        let to = told(&req.input.bucket)?.contains("logged").then(|| LoggingEnabled {
            target_bucket: "logs".to_owned(),
            target_prefix: "access/".to_owned(),
            target_grants: None,
            target_object_key_format: None,
        });
        Ok(S3Response::new(GetBucketLoggingOutput { logging_enabled: to }))
    }

    async fn get_bucket_tagging(&self, req: S3Request<GetBucketTaggingInput>) -> S3Result<S3Response<GetBucketTaggingOutput>> {
        told(&req.input.bucket)?;
        let tag = |key: &str, value: &str| Tag { key: Some(key.to_owned()), value: Some(value.to_owned()) };
        Ok(S3Response::new(GetBucketTaggingOutput { tag_set: vec![tag("team", "crm"), tag("owner", "tag.owner@example.com")] }))
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        self.0.list_buckets(req).await
    }

    async fn list_object_versions(&self, req: S3Request<ListObjectVersionsInput>) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = req.input.clone();
        let encode = input.encoding_type.as_ref().is_some_and(|e| e.as_str() == EncodingType::URL);
        let shown = |key: &str| if encode { url_encoded(key) } else { key.to_owned() };
        // By key, the current version of each first.
        let mut entries: Vec<(String, Option<String>, Object)> = Vec::new();
        for (bucket, latest) in [(input.bucket.clone(), true), (format!("{}-versions", input.bucket), false)] {
            let list = ListObjectsV2Input { bucket, prefix: input.prefix.clone(), ..Default::default() };
            let Ok(answer) = self.0.list_objects_v2(req.clone().map_input(|_| list)).await else { continue };
            for o in answer.output.contents.into_iter().flatten() {
                let key = o.key.clone().unwrap_or_default();
                match key.rsplit_once('/').filter(|_| !latest) {
                    Some((key, id)) => entries.push((key.to_owned(), Some(id.to_owned()), o)),
                    None if latest => entries.push((key, None, o)),
                    None => {}
                }
            }
        }
        entries.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        // Pages as S3 gives them, so that paging is tested; three entries are a page here.
        let from = match (&input.key_marker, &input.version_id_marker) {
            (_, Some(at)) => at.parse().unwrap(),
            (Some(key), None) => entries.iter().filter(|e| e.0 <= *key).count(),
            (None, None) => 0,
        };
        let (mut versions, mut markers) = (Vec::new(), Vec::new());
        for (key, id, o) in entries.iter().skip(from).take(3) {
            let Some(id) = id else {
                let e_tag = Some(etag(o.size.unwrap_or(0), o.last_modified.as_ref()));
                let key = Some(shown(key));
                let (size, last_modified) = (o.size, o.last_modified.clone());
                versions.push(ObjectVersion { key, is_latest: Some(true), e_tag, size, last_modified, ..Default::default() });
                continue;
            };
            let (key, version_id) = (Some(shown(key)), Some(id.clone()));
            if id.starts_with("dm") {
                markers.push(DeleteMarkerEntry { key, version_id, last_modified: o.last_modified.clone(), ..Default::default() });
            } else {
                let (size, last_modified) = (o.size, o.last_modified.clone());
                let e_tag = Some(etag(o.size.unwrap_or(0), o.last_modified.as_ref()));
                versions.push(ObjectVersion { key, version_id, is_latest: Some(false), e_tag, size, last_modified, ..Default::default() });
            }
        }
        let more = from + 3 < entries.len();
        let output = ListObjectVersionsOutput {
            versions: Some(versions),
            delete_markers: Some(markers),
            is_truncated: Some(more),
            encoding_type: input.encoding_type.clone(),
            next_key_marker: more.then(|| shown(&entries[from + 2].0)),
            next_version_id_marker: more.then(|| (from + 3).to_string()),
            ..Default::default()
        };
        Ok(S3Response::new(output))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let cold = req.input.key.contains("cold");
        let mut answer = self.0.head_object(req).await?;
        let o = &mut answer.output;
        o.e_tag = Some(etag(o.content_length.unwrap_or(0), o.last_modified.as_ref()));
        o.storage_class = cold.then(|| StorageClass::from_static(StorageClass::STANDARD_IA));
        Ok(answer)
    }

    async fn get_object(&self, mut req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        if let Some(id) = req.input.version_id.take() {
            req.input.bucket += "-versions";
            req.input.key = format!("{}/{id}", req.input.key);
            let mut answer = self.0.get_object(req).await?;
            answer.output.version_id = Some(id);
            return Ok(answer);
        }
        let wanted = req.input.if_match.clone();
        let mut answer = self.0.get_object(req).await?;
        let o = &mut answer.output;
        let whole = o.content_range.as_ref().and_then(|r| r.rsplit('/').next()?.parse().ok()).or(o.content_length);
        let tag = etag(whole.unwrap_or(0), o.last_modified.as_ref());
        if wanted.is_some_and(|w| w.as_etag().is_some_and(|w| *w != tag)) {
            return Err(s3_error!(PreconditionFailed));
        }
        o.e_tag = Some(tag);
        Ok(answer)
    }
}

/// The name of a bucket that tells its settings.
fn told(bucket: &str) -> S3Result<&str> {
    if bucket.contains("mute") { Err(s3_error!(AccessDenied)) } else { Ok(bucket) }
}

/// As S3 does it: a space is `+`.
fn url_encoded(key: &str) -> String {
    let mut out = String::new();
    for b in key.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b'*' => out.push(b as char),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
