import { Layer, Logger } from "effect"
import type { LogFormat } from "../adapters/config/keyValues.ts"

/** A line of logfmt for what happens. */
export const textLogger = Logger.withLeveledConsole(Logger.logfmtLogger)

const jsonLogger = Logger.withLeveledConsole(Logger.jsonLogger)

/** What is logged by whoever is under it has this form, where `textLogger` was at work before. */
export const layerLogFormat = (format: LogFormat): Layer.Layer<never> =>
  format === "json" ? Logger.replace(textLogger, jsonLogger) : Layer.empty
