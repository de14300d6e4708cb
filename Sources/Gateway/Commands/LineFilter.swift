import Foundation
import Glibc
import Texting

/// Turns lines of standard input into lines of standard output, in large blocks, however long the
/// input is.
enum LineFilter {
    private static let blockBytes = 1 << 18
    /// A line beyond this is no text: the longest message has some thousand characters.
    private static let lineBytesMax = 1 << 22

    /// - Parameter answer: one line without its break in, one out; nil gives no line.
    /// - Throws: ``CommandFailure`` 65 with what ``LineError`` says.
    static func run(_ answer: ([UInt8]) throws -> [UInt8]?) throws {
        var rest: [UInt8] = []
        var output: [UInt8] = []
        func take(_ line: [UInt8]) throws {
            do {
                guard let text = try answer(line) else { return }
                output += text
                output.append(0x0A)
            } catch {
                StandardOutput.write(output)
                throw CommandFailure.badData("\(error)")
            }
        }
        while let block = try read() {
            var start = block.startIndex
            while let end = block[start...].firstIndex(of: 0x0A) {
                rest += block[start..<end]
                try take(rest)
                rest.removeAll(keepingCapacity: true)
                start = end + 1
            }
            rest += block[start...]
            guard rest.count <= lineBytesMax else {
                StandardOutput.write(output)
                throw CommandFailure.badData("A line of the input is longer than 4 MiB.")
            }
            if output.count >= blockBytes || isInteractive {
                StandardOutput.write(output)
                output.removeAll(keepingCapacity: true)
            }
        }
        if !rest.isEmpty { try take(rest) }
        StandardOutput.write(output)
    }

    /// Somebody types, or a program waits for each answer: then nothing is held back.
    private static let isInteractive: Bool = {
        var status = stat()
        return fstat(STDIN_FILENO, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    }()

    private static func read() throws -> [UInt8]? {
        while true {
            var failure: Int32 = 0
            let block = [UInt8](unsafeUninitializedCapacity: blockBytes) { buffer, count in
                let got = Glibc.read(STDIN_FILENO, buffer.baseAddress, blockBytes)
                failure = got < 0 ? errno : 0
                count = max(0, got)
            }
            if failure == EINTR { continue }
            guard failure == 0 else {
                throw CommandFailure.badData("Standard input cannot be read.")
            }
            return block.isEmpty ? nil : block
        }
    }
}
