//! `dynamodb/`: a full export of the table `SiteProfiles`.

use super::{
    World,
    tree::{base64, gzip, js, md5_base64, md5_hex},
};

const DATASET: &str = "dynamodb/SiteProfiles";
const EXPORT: &str = "01762128000000-5b1f09ac";

pub fn write(world: &mut World) {
    let mut rng = world.rng("dynamodb");
    let customers = world.customers();
    let root = format!("dynamodb/AWSDynamoDB/{EXPORT}");
    world.truth.empty_fields(
        DATASET,
        &["ProfileId", "CustomerId", "Devices[].Model", "LoginCount", "LastSeen", "Verified", "Segments[]", "Avatar", "Profile.Theme"],
    );
    let mut files = String::new();
    let mut items = 0;
    for part in 0..4usize {
        let name = rng.of("abcdefghijklmnopqrstuvwxyz234567", 26);
        let path = format!("{root}/data/{name}.json.gz");
        let mut out = String::new();
        let mut rows = 0;
        // The third partition of the table is empty.
        let here = customers.iter().filter(|p| part != 2 && p.index % 2 == 0 && p.index / 2 % 3 == [0, 1, 9, 2][part]);
        for p in here {
            let mut r = world.truth.record(DATASET, &path, rows);
            let me = Some(p.index);
            r.put("Email", "generic.email", &p.email, me);
            r.put("LastIp", "generic.ip_address", &p.ip, me);
            r.put("Username", "generic.username", &p.username, me);
            r.put("Profile.DisplayName", "generic.person_name", &p.name(), me);
            r.put("Profile.City", "generic.city", p.city, me);
            r.put("Profile.State", "us.state", p.state, me);
            let phone = rng.chance(30).then(|| p.phone_as(4));
            if let Some(phone) = &phone {
                r.put("Profile.Phone", "generic.phone", phone, me);
            }
            let mut devices = Vec::new();
            for _ in 0..rng.between(1, 2) {
                // The second lowest bit of the first byte says: locally administered, no maker's.
                let mac = (0..5).fold(format!("{}{}", rng.hex(1), rng.of("26ae", 1)), |mac, _| format!("{mac}:{}", rng.hex(2)));
                r.put("Devices[].Mac", "generic.mac_address", &mac, me);
                let model = rng.pick(&["Pixel 9", "iPhone 17", "ThinkPad X1", "Galaxy Tab", "MacBook Air"]);
                devices.push(format!("{{\"M\":{{\"Model\":{{\"S\":\"{model}\"}},\"Mac\":{{\"S\":\"{mac}\"}}}}}}"));
            }
            drop(r);
            let phone = phone.map_or("{\"NULL\":true}".to_owned(), |phone| format!("{{\"S\":\"{phone}\"}}"));
            let avatar = base64(rng.hex(12).as_bytes());
            out += &format!(
                "{{\"Item\":{{\"ProfileId\":{{\"S\":\"{}\"}},\"CustomerId\":{{\"S\":\"{}\"}},\"Email\":{{\"S\":{}}},\"Username\":{{\"S\":{}}},\"LastIp\":{{\"S\":\"{}\"}},\"LoginCount\":{{\"N\":\"{}\"}},\"LastSeen\":{{\"N\":\"{}\"}},\"Verified\":{{\"BOOL\":{}}},\"Profile\":{{\"M\":{{\"DisplayName\":{{\"S\":{}}},\"City\":{{\"S\":\"{}\"}},\"State\":{{\"S\":\"{}\"}},\"Phone\":{phone},\"Theme\":{{\"S\":\"harbor\"}}}}}},\"Devices\":{{\"L\":[{}]}},\"Segments\":{{\"SS\":[\"web\",\"{}\"]}},\"Avatar\":{{\"B\":\"{avatar}\"}}}}}}\n",
                rng.uuid(),
                p.customer_id,
                js(&p.email),
                js(&p.username),
                p.ip,
                rng.between(1, 400),
                1_762_000_000 + rng.below(128_000),
                rng.chance(80),
                js(&p.name()),
                p.city,
                p.state,
                devices.join(","),
                rng.pick(&["knitwear", "boots", "lamps"]),
            );
            rows += 1;
        }
        world.truth.object(DATASET, &path);
        let bytes = gzip(out.as_bytes());
        files += &format!(
            "{{\"itemCount\":{rows},\"md5Checksum\":\"{}\",\"etag\":\"{}-1\",\"dataFileS3Key\":\"AWSDynamoDB/{EXPORT}/data/{name}.json.gz\"}}\n",
            md5_base64(&bytes),
            md5_hex(name.as_bytes())
        );
        items += rows;
        world.tree.add(path, bytes);
    }
    let summary = format!(
        "{{\"version\":\"2020-06-30\",\"exportArn\":\"arn:aws:dynamodb:us-east-1:111122223333:table/SiteProfiles/export/{EXPORT}\",\"startTime\":\"2026-11-03T00:00:00.000Z\",\"endTime\":\"2026-11-03T00:06:41.217Z\",\"tableArn\":\"arn:aws:dynamodb:us-east-1:111122223333:table/SiteProfiles\",\"tableId\":\"0c8e6a5f-3a1d-4f6e-9b7e-2d4c81a90f13\",\"exportTime\":\"2026-11-02T23:59:30.000Z\",\"s3Bucket\":\"harborlight-exports\",\"s3Prefix\":null,\"s3SseAlgorithm\":\"AES256\",\"s3SseKmsKeyId\":null,\"manifestFilesS3Key\":\"AWSDynamoDB/{EXPORT}/manifest-files.json\",\"billedSizeBytes\":241664,\"itemCount\":{items},\"outputFormat\":\"DYNAMODB_JSON\"}}"
    );
    world.tree.add(format!("{root}/_started"), []);
    world.tree.add(format!("{root}/manifest-summary.md5"), md5_base64(summary.as_bytes()));
    world.tree.add(format!("{root}/manifest-summary.json"), summary);
    world.tree.add(format!("{root}/manifest-files.md5"), md5_base64(files.as_bytes()));
    world.tree.add(format!("{root}/manifest-files.json"), files);
}
