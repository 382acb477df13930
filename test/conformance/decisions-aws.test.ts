import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeDecisions } from './decisions.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeDecisions('aws', () => openAws())
})
