import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeSignals } from './signals.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeSignals('aws', () => openAws())
})
