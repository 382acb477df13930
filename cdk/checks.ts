// Rules the templates must keep; what is broken knowingly stands with its reason in acknowledgements.ts.

import { type App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { acknowledge } from './acknowledgements.ts'
import type { Deployment } from './configuration.ts'

export function addChecks(app: App, deployment: Deployment): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app))
  acknowledge(app, deployment)
}
