"""The table of counts that is stored with an audit: recounted, and compared with another audit's."""
