// swift-tools-version: 6.2
// Every module and every allowed dependency, in the order of the house (README, "Where to read on").
import PackageDescription

/// Swift 6 mode; a warning is an error, here as in `ops/check`.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let nio = [
    Target.Dependency.product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "barnstorm",
    products: [.executable(name: "barnstorm", targets: ["Gateway"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibCrypto", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),

        .target(name: "Texting", resources: [.copy("Resources")], swiftSettings: strict),
        .target(name: "Postgres", dependencies: ["CLibPQ", "Texting"], swiftSettings: strict),
        .target(name: "Curl", dependencies: ["CLibCurl", "Texting"], swiftSettings: strict),
        .target(name: "Secrets", dependencies: ["CLibCrypto", "Texting"], swiftSettings: strict),
        .target(
            name: "Store", dependencies: ["Postgres", "Secrets", "Texting"], swiftSettings: strict),
        .target(
            name: "Providers", dependencies: ["Curl", "Secrets", "Texting", log] + nio,
            swiftSettings: strict),
        .target(
            name: "Notices", dependencies: ["Curl", "Secrets", "Texting", log],
            swiftSettings: strict),
        .target(
            name: "Sending",
            dependencies: [
                "Store", "Providers", "Notices", "Postgres", "Curl", "Texting", log, metrics,
                lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "Ingress",
            dependencies: ["Store", "Providers", "Notices", "Texting", log, metrics, lifecycle]
                + nio,
            swiftSettings: strict),
        .target(
            name: "Console",
            dependencies: [
                "Store", "Providers", "Notices", "Texting", hummingbird, log, metrics, lifecycle,
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            resources: [.copy("Assets"), .copy("Templates"), .copy("Words")],
            swiftSettings: strict),
        .executableTarget(
            name: "Gateway",
            dependencies: [
                "Console", "Ingress", "Sending", "Store", "Providers", "Notices", "Postgres",
                "Curl", "Secrets", "Texting", hummingbird, log, metrics, lifecycle,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ] + nio,
            swiftSettings: strict),

        .target(
            name: "Support", dependencies: ["Store", "Postgres", "Curl", "Texting"],
            path: "Tests/Support", swiftSettings: strict),
        .testTarget(
            name: "TextingTests", dependencies: ["Texting"], resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "PostgresTests", dependencies: ["Postgres", "Support"], swiftSettings: strict),
        .testTarget(name: "CurlTests", dependencies: ["Curl", "Support"], swiftSettings: strict),
        .testTarget(name: "SecretsTests", dependencies: ["Secrets"], swiftSettings: strict),
        .testTarget(name: "StoreTests", dependencies: ["Store", "Support"], swiftSettings: strict),
        .testTarget(
            name: "ProvidersTests", dependencies: ["Providers", "Curl", "Support", log] + nio,
            swiftSettings: strict),
        .testTarget(
            name: "NoticesTests", dependencies: ["Notices", "Support"], swiftSettings: strict),
        .testTarget(
            name: "SendingTests", dependencies: ["Sending", "Support"], swiftSettings: strict),
        .testTarget(
            name: "IngressTests", dependencies: ["Ingress", "Support"], swiftSettings: strict),
        .testTarget(
            name: "ConsoleTests", dependencies: ["Console", "Secrets", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayTests", dependencies: ["Gateway", "Support"], swiftSettings: strict),
    ]
)
