import { debianPackages } from "../../src/adapters/process/programs.ts"

process.stdout.write(`${Object.keys(debianPackages).join(" ")}\n`)
