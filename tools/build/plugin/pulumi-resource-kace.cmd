@echo off
node --optimize-for-size --max-semi-space-size=2 "%~dp0start.cjs" %*
