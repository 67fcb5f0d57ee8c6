//! Log lines as Ansible prints them for the items of a loop, each with its number.

/// The line with this number: 98 bytes and a line feed.
pub fn line(n: usize) -> String {
    let word = if n.is_multiple_of(3) { "changed" } else { "ok" };
    let mut line = format!("{word}: [web{:03}] => (item={n:08}) nginx restarted, pid {}", n % 400, n * 7 % 32_768);
    line.extend(std::iter::repeat_n('.', 98usize.saturating_sub(line.len())));
    line.push('\n');
    line
}
