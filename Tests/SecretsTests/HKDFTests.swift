import Testing

@testable import Secrets

/// Vectors of RFC 5869, appendix A.
@Suite struct HKDFTests {
    let key = [UInt8](repeating: 0x0b, count: 22)

    @Test func `gives the key of case 1`() {
        let output = HKDF.derive(
            key: key, salt: Array(0...12), info: Array(0xf0...0xf9), count: 42)
        #expect(
            output.hex
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                + "34007208d5b887185865")
    }

    @Test func `gives the key of case 3, without salt and purpose`() {
        #expect(
            HKDF.derive(key: key, info: [], count: 42).hex
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                + "9d201395faa4b61a96c8")
    }
}
