import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongFirst } from './support/long-first.ts'
import { memoryFolder } from './support/memory-folder.ts'

/** They count what their process does. */
const alone = ['test/unit/bench/**/*.test.ts']

// What Node made of the sources serves every process of a run, and the next run.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../node_modules/.cache/compiled', import.meta.url),
)

const folder = memoryFolder()
if (folder !== undefined) process.env.TMPDIR ??= folder

export default defineConfig({
  test: {
    environment: 'node',
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: [
      'test/support/seed.ts',
      'test/support/keep-compiled.ts',
      'test/support/wait-long.ts',
    ],
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    sequence: { sequencer: LongFirst },
    // They wait more than they work: two workers leave a third of two cores idle.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Node reads TypeScript itself; nothing is mocked, so that nothing has to stand between.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      {
        extends: true,
        // They leave nothing behind: a process for each file would take longer than what they do.
        test: {
          name: 'unit',
          include: ['test/{conformance,style,transcripts,unit}/**/*.test.ts', 'test/cdk/*.test.ts'],
          exclude: alone,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: [
            'test/{console,scenarios}/**/*.test.ts',
            'test/cdk/emulated/**/*.test.ts',
            ...alone,
          ],
        },
      },
    ],
  },
})
