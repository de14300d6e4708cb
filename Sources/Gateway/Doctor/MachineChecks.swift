import Foundation
import Glibc
import Texting

/// What `doctor` can see without a database.
struct MachineChecks {
    let settings: Settings

    func findings() -> [Diagnosis] {
        [names(), tables(), secretFile(), publicAddress(), descriptors(), disk()]
    }

    /// A misspelt setting is silently another one's default.
    private func names() -> Diagnosis {
        guard !settings.unknownNames.isEmpty else {
            return .fine("settings", "Every BARNSTORM_ name is known.")
        }
        return .wrong(
            "settings", "No setting is called \(settings.unknownNames.joined(separator: ", ")).",
            cure: "Correct the spelling.")
    }

    private func tables() -> Diagnosis {
        do {
            try Resource.check()
            return .fine("rules", "All tables are beside the program.")
        } catch {
            return .wrong("rules", error.description, cure: "")
        }
    }

    private func secretFile() -> Diagnosis {
        guard let path = settings.value("SECRET_FILE") else {
            return .wrong(
                "secret file", "None is configured.",
                cure: "Set BARNSTORM_SECRET_FILE to a path that only this user can read.")
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .wrong(
                "secret file", "\(path) is not there.",
                cure: "Restore it from the backup; it is created only by a first 'account add'.")
        }
        let others = status.st_mode & 0o077
        guard others == 0 else {
            return .wrong(
                "secret file", "Others may read \(path).", cure: "Run 'chmod 600 \(path)'.")
        }
        return .fine("secret file", "Only its owner can read it.")
    }

    private func publicAddress() -> Diagnosis {
        do {
            let url = try settings.publicURL()
            if url.hasPrefix("https://") || settings.value("PROVIDER") ?? "simulated" == "simulated"
            {
                return .fine("public address", url)
            }
            return .wrong(
                "public address", "\(url) is not encrypted.",
                cure: "Put a reverse proxy before it (ops/Caddyfile) and set BARNSTORM_PUBLIC_URL.")
        } catch {
            return .wrong("public address", "\(error)", cure: "")
        }
    }

    /// A worker holds up to 500 connections to providers, the web one for each browser.
    private func descriptors() -> Diagnosis {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let count = limit.rlim_cur
        return count >= 4_096
            ? .fine("open files", "Up to \(count).")
            : .wrong(
                "open files", "Only \(count) are allowed.",
                cure: "Set LimitNOFILE=65536 in the unit, or 'ulimit -n 4096'.")
    }

    private func disk() -> Diagnosis {
        let place = settings.value("PERMIT_DIR") ?? FileManager.default.currentDirectoryPath
        let facts = try? FileManager.default.attributesOfFileSystem(forPath: place)
        guard let free = (facts?[.systemFreeSize] as? NSNumber)?.int64Value else {
            return .wrong(
                "disk", "\(place) cannot be read.", cure: "Create it for the user of the worker.")
        }
        let mebibytes = free / 1_048_576
        return mebibytes >= 512
            ? .fine("disk", "\(mebibytes) MiB free at \(place).")
            : .wrong("disk", "Only \(mebibytes) MiB free at \(place).", cure: "Make room.")
    }
}
