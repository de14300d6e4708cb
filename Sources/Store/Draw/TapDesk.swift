import Foundation

/// Presses of all texters of this process, saved together; see ``Gatherer``.
package struct TapDesk: Sendable {
    /// Saves presses of one campaign; gives what became of each, in order.
    package typealias Save =
        @Sendable (_ taps: [Tap], _ campaign: UUID, _ organisation: Int32) async throws ->
        [TapResult]

    /// Presses of one transaction at most; more wait for the next.
    static let tapsMax = 200

    private let gatherer: Gatherer<Tap, TapResult>

    /// - Parameter save: ``SendDesk/tap(_:campaign:organisation:)`` for pages.
    package init(save: @escaping Save) { gatherer = Gatherer(most: Self.tapsMax, work: save) }

    /// Saves a press.
    ///
    /// - Parameter campaign: the one the lease belongs to.
    package func tap(
        _ tap: Tap, campaign: UUID, organisation: Int32
    ) async throws -> TapResult {
        try await gatherer.answer(to: tap, campaign: campaign, organisation: organisation)
    }
}
