import ArgumentParser
import Configuration
import Console
import Histogram
import Ingress
import Sending

@main struct Barnstorm: AsyncParsableCommand {}
