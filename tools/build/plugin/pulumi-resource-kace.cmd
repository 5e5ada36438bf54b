@echo off
node --optimize-for-size --max-semi-space-size=1 "%~dp0start.cjs" %*
