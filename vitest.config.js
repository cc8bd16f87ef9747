import { defineConfig } from 'vitest/config'

// Tests run on what ships: the compiled tree. Worker threads of the gateway are started from files, and Node 20 cannot load TypeScript.
export default defineConfig({
  test: {
    include: ['dist/**/*.test.js'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 120_000
  }
})
