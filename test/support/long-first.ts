// In which order the files of a run begin. By itself vitest begins with those that have the most text, and whoever plays hundreds of
// dialogues from other files has little: begun last, they would keep one worker busy while the others have nothing left.

import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest first, as they were measured. */
const long = [
  'test/cdk/emulated/console.test.ts',
  'test/scenarios/sieve-crash.test.ts',
  'test/console/screens.test.ts',
  'test/cdk/emulated/permissions-used.test.ts',
  'test/scenarios/fan-out-crash.test.ts',
  'test/scenarios/postfix-commands.test.ts',
  'test/cdk/emulated/move.test.ts',
  'test/scenarios/move.test.ts',
  'test/cdk/emulated/outbound.test.ts',
  'test/transcripts/imap/imap.test.ts',
  'test/unit/bench/hostile-steps.test.ts',
  'test/scenarios/moving-dovecot.test.ts',
  'test/scenarios/kill.test.ts',
  'test/cdk/emulated/life-of-mail.test.ts',
  'test/cdk/command.test.ts',
  'test/scenarios/corpus.test.ts',
  'test/unit/shared/auth/authenticator.test.ts',
  'test/cdk/bundles.test.ts',
  'test/scenarios/crash-delivery.test.ts',
  'test/conformance/aws-queue.test.ts',
  'test/conformance/directory-aws.test.ts',
]

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = long.findIndex((name) => moduleId.endsWith(`/${name}`))
  return place < 0 ? long.length : place
}
