import Testing

@testable import Texting
