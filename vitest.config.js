import { defineConfig } from 'vitest/config'

// Tests run on what ships: the compiled tree. Worker threads of the gateway are started from files, and Node 20 cannot load TypeScript.
export default defineConfig({
  test: {
    include: ['dist/**/*.test.js'],
    // Offers one real Kafka to all files, started when the first of them asks, and says at the end which suites had to do without.
    globalSetup: ['dist/test-support/kafka/global-setup.js'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The shared Kafka ends in order, and the first one of a machine leaves an archive of its classes.
    teardownTimeout: 120_000
  }
})
