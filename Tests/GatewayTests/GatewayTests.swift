import Testing


