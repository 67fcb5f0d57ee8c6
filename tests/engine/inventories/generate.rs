//! Inventories, patterns, values and YAML made by chance from a seed: small worlds in which names collide.

/// A generator of random numbers (splitmix64): the same seed gives the same inventories everywhere.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const GROUPS: [&str; 9] = ["web", "db", "prod", "east", "a.b", "g-1", "all", "ungrouped", "top"];
const HOSTS: [&str; 14] = [
    "w1",
    "w2",
    "db1.example.com",
    "h[1:3]",
    "x[a:c]y",
    "10.0.0.1",
    "localhost",
    "web",
    "n[01:03]:22",
    "w1:2200",
    "[fe80::1]:22",
    "-odd",
    "h2",
    "bad[1:",
];
const NAMES: [&str; 6] = ["a", "b", "port", "ansible_host", "ansible_group_priority", "groups"];
const VALUES: [&str; 22] = [
    "1", "text", "True", "true", "[1, 'a']", "{'k': 1}", "1.50", "''", "'a b'", "10.0.0.1", "a,b", "1,2", "None",
    "0x10", "0777", "1e3", "{{ x }}", "\"q\"", "-3", "a=b", "x#y", "~/p",
];
const YAML_VALUES: [&str; 20] = [
    "1",
    "yes",
    "012",
    "text",
    "[1, a]",
    "{k: v}",
    "~",
    "'q'",
    "\"d\\n\"",
    "1.0",
    "1e3",
    "12:30",
    "2024-01-02",
    "|\n          x\n",
    "!unsafe z",
    "",
    "0x1f",
    "-.inf",
    "a b",
    "No",
];

/// An INI file.
pub fn ini(chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..1 + chance.below(9) {
        match chance.below(10) {
            0..5 => text.push_str(&format!("[{}]\n", chance.pick(&GROUPS))),
            5..7 => text.push_str(&format!("[{}:children]\n", chance.pick(&GROUPS))),
            7..9 => text.push_str(&format!("[{}:vars]\n", chance.pick(&GROUPS))),
            _ => {}
        }
        let kind = text.lines().last().unwrap_or_default().to_owned();
        for _ in 0..chance.below(4) {
            if kind.ends_with(":children]") {
                text.push_str(chance.pick(&GROUPS));
            } else if kind.ends_with(":vars]") {
                text.push_str(&format!("{}={}", chance.pick(&NAMES), chance.pick(&VALUES)));
            } else {
                let few = if chance.one_in(8) { 14 } else { 12 };
                text.push_str(chance.pick(&HOSTS[..few]));
                for _ in 0..chance.below(3) {
                    let value = chance.pick(&VALUES);
                    let quoted = value.contains([' ', '#', '"', '\'']) && !chance.one_in(6);
                    let value = if quoted { format!("\"{}\"", value.replace('"', "\\\"")) } else { value.to_owned() };
                    text.push_str(&format!(" {}={value}", chance.pick(&NAMES[..4])));
                }
                if chance.one_in(6) {
                    text.push_str(" # comment");
                }
            }
            text.push('\n');
        }
    }
    text
}

/// An INI file without mistakes: a tree of groups, several levels deep, that share hosts.
pub fn sound(chance: &mut Chance) -> String {
    let names = ["top", "prod", "east", "web", "db", "a.b", "g-1"];
    let mut text = String::new();
    for (n, name) in names.iter().enumerate() {
        text.push_str(&format!("[{name}]\n"));
        for _ in 0..chance.below(3) {
            text.push_str(&format!("{} a={}\n", chance.pick(&HOSTS[..12]), chance.pick(&["1", "x", "[2]"])));
        }
        text.push_str(&format!("[{name}:vars]\nb={n}\n"));
        if chance.one_in(3) {
            text.push_str(&format!("ansible_group_priority={}\n", chance.below(4)));
        }
        text.push_str(&format!("[{name}:children]\n"));
        for below in &names[n + 1..] {
            if chance.one_in(3) {
                text.push_str(&format!("{below}\n"));
            }
        }
    }
    text
}

/// A YAML file.
pub fn yaml(chance: &mut Chance) -> String {
    let mut text = String::new();
    for _ in 0..1 + chance.below(4) {
        group(chance, &mut text, 0);
    }
    text
}

fn group(chance: &mut Chance, text: &mut String, level: usize) {
    let pad = "  ".repeat(level * 2);
    text.push_str(&format!("{pad}{}:\n", chance.pick(&GROUPS)));
    if chance.one_in(8) {
        return;
    }
    if !chance.one_in(3) {
        text.push_str(&format!("{pad}  hosts:\n"));
        for _ in 0..chance.below(4) {
            let host = chance.pick(&HOSTS[..12]);
            text.push_str(&format!("{pad}    \"{host}\":\n"));
            for _ in 0..chance.below(3) {
                text.push_str(&format!("{pad}      {}: {}\n", chance.pick(&NAMES[..4]), yaml_value(chance, level)));
            }
        }
    }
    if chance.one_in(2) {
        text.push_str(&format!("{pad}  vars:\n"));
        for _ in 0..chance.below(3) {
            text.push_str(&format!("{pad}    {}: {}\n", chance.pick(&NAMES[..5]), yaml_value(chance, level)));
        }
    }
    if level < 2 && chance.one_in(2) {
        text.push_str(&format!("{pad}  children:\n"));
        for _ in 0..chance.below(3) {
            group(chance, text, level + 1);
        }
    }
}

fn yaml_value(chance: &mut Chance, level: usize) -> String {
    let value = chance.pick(&YAML_VALUES);
    value.replace("\n          ", &format!("\n{}", " ".repeat(level * 4 + 10))).trim_end_matches('\n').to_owned()
}

/// A host pattern.
pub fn pattern(chance: &mut Chance) -> String {
    const PARTS: [&str; 26] = [
        "all",
        "*",
        "web",
        "db",
        "prod",
        "w1",
        "h*",
        "w?",
        "~w",
        "~(h|w)\\d",
        "east",
        "localhost",
        "10.0.0.1",
        "x[ab]y",
        "h[1-2]",
        "ungrouped",
        "nothing",
        "*.com",
        "a.b",
        "g-1",
        "[hw]*",
        "top",
        "127.0.0.1",
        "h2",
        "fe80::1",
        "~.*[12]$",
    ];
    const SUBSCRIPTS: [&str; 8] = ["[0]", "[-1]", "[0:1]", "[1:]", "[0:0]", "[9]", "[2-3]", "[x]"];
    let separator = chance.pick(&[",", ":", ", "]);
    let mut text = String::new();
    for n in 0..1 + chance.below(3) {
        if n > 0 {
            text.push_str(separator);
        }
        text.push_str(chance.pick(&["", "", "", "!", "&"]));
        text.push_str(chance.pick(&PARTS));
        if chance.one_in(5) {
            text.push_str(chance.pick(&SUBSCRIPTS));
        }
    }
    text
}

/// A value that is almost a Python literal.
pub fn literal(chance: &mut Chance) -> String {
    const BITS: [&str; 48] = [
        "1", "0", "_", ".", "e", "x", "-", "+", "'", "\"", "a", "[", "]", "(", ")", "{", "}", ",", ":", " ", "True",
        "None", "b'", "r'", "\\n", "\\", "#", "j", "0x", "1e5", "...", "'a'", "[1]", "é", "12", "u'", "f'", "\\x41",
        "0o7", "''", "1_0", "False", "'k': 2", "1.5", "{'a': 1}", "set()", "E-3", "\"\"\"",
    ];
    (0..1 + chance.below(6)).map(|_| chance.pick(&BITS)).collect()
}

/// A document that is almost YAML.
pub fn document(chance: &mut Chance) -> String {
    const BITS: [&str; 62] = [
        "a: ",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "x",
        "y z",
        "1",
        "'q'",
        "\"d\"",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        ":",
        "#",
        " # c",
        "|",
        "|-",
        ">",
        ">+",
        "&x ",
        "*x",
        "!unsafe ",
        "!!str ",
        "<<: ",
        "? ",
        "yes",
        "012",
        "~",
        "%",
        "@",
        "`",
        "'",
        "\"",
        "\\",
        "\t",
        "---\n",
        "...\n",
        "é",
        "key:\n  ",
        "a: [b, c]\n",
        "m: {n: o}\n",
        "''",
        "12:30",
        "1.5",
        "-",
        "- - ",
        "2024-01-02",
        "null",
        "k: v\n",
        "  ",
        "!",
        "*",
        "&",
        "\u{a0}",
        "\r\n",
        "http://x",
        "a:b",
    ];
    let start = chance.pick(&["", "k: ", "k: ", "k:\n  - ", "k:\n  ", "k: [", "k: {"]);
    let rest: String = (0..2 + chance.below(9)).map(|_| chance.pick(&BITS)).collect();
    format!("{start}{rest}{}", chance.pick(&["", "\n", "\n", "]\n", "}\n"]))
}
