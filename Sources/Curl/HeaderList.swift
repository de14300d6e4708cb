import CLibCurl

/// A header list in libcurl's form; frees it once.
///
/// Not Sendable: used on the engine's thread alone.
final class HeaderList {
    let pointer: UnsafeMutablePointer<curl_slist>?

    /// - Returns: `nil` if a line could break out of its place.
    init?(_ lines: [String]) {
        guard lines.allSatisfy({ !$0.utf8.contains { $0 < 32 && $0 != 9 } }) else { return nil }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        pointer = list
    }

    deinit { curl_slist_free_all(pointer) }
}

/// Prepared lists by content: an account's requests all carry the same lines.
final class HeaderListCache {
    private var lists: [[String]: HeaderList] = [:]
    private var last: (lines: [String], list: HeaderList)?

    func list(_ lines: [String]) -> HeaderList? {
        if let last, last.lines == lines { return last.list }
        guard let list = lists[lines] ?? make(lines) else { return nil }
        last = (lines, list)
        return list
    }

    private func make(_ lines: [String]) -> HeaderList? {
        // After a 417 libcurl would send again; without `Expect` there is none (curl #11678).
        guard let list = HeaderList(lines + ["Expect:"]) else { return nil }
        // Transfers keep the lists they use, so dropping all is safe.
        if lists.count >= 256 { lists.removeAll() }
        lists[lines] = list
        return list
    }
}
